//! Stands between the program and PostgreSQL, and counts what is asked: each message `Query` or `Execute` is a statement.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tenantry::app::Foundation;
use tenantry::config::{Config, DatabaseUrl};
use tokio::io::{self, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::time::sleep;
use tokio_postgres::config::Host;

/// What a client may ask before it begins.
const SSL_REQUEST: [u8; 4] = 80_877_103_u32.to_be_bytes();

/// A wire that counts. It ends with the test's runtime.
pub struct Wire {
    /// The configuration that goes through it.
    pub config: Config,
    statements: Arc<AtomicUsize>,
    _socket: TempDir,
}

impl Wire {
    pub fn new(config: &Config) -> Self {
        let socket = tempfile::tempdir().unwrap();
        let statements = Arc::new(AtomicUsize::new(0));
        let url = config.database.url.clone().unwrap();
        let migration_url = config.database.migration_url().unwrap();
        let mut through_it = config.clone();
        through_it.database.fill_in(
            through(&url, socket.path()),
            through(migration_url, socket.path()),
        );
        let listener = UnixListener::bind(socket.path().join(".s.PGSQL.5432")).unwrap();
        let counted = Arc::clone(&statements);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (url, counted) = (url.clone(), Arc::clone(&counted));
                // Either side may hang up, which is no mistake.
                tokio::spawn(async move { connect(client, &url, &counted).await.ok() });
            }
        });
        Self {
            config: through_it,
            statements,
            _socket: socket,
        }
    }

    /// Statements so far.
    pub fn statements(&self) -> usize {
        self.statements.load(Ordering::SeqCst)
    }

    /// The same once `foundation` hears other nodes and asks nothing more: transactions that were dropped are rolled back behind our back.
    pub async fn settled(&self, foundation: &Foundation) -> usize {
        while !foundation.tenancy.is_hearing() {
            sleep(Duration::from_millis(10)).await;
        }
        let mut statements = 0;
        while statements < self.statements() {
            statements = self.statements();
            sleep(Duration::from_millis(500)).await;
        }
        statements
    }
}

/// The same login and database, by the socket in this folder.
fn through(url: &DatabaseUrl, socket: &Path) -> DatabaseUrl {
    let config = url.config();
    let password = config.get_password().unwrap_or_default();
    let quoted = |text: &str| format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"));
    let text = format!(
        "host={} port=5432 user={} password={} dbname={}",
        socket.display(),
        quoted(config.get_user().unwrap()),
        quoted(str::from_utf8(password).unwrap()),
        quoted(config.get_dbname().unwrap()),
    );
    text.parse().unwrap()
}

async fn connect(client: UnixStream, url: &DatabaseUrl, counted: &AtomicUsize) -> io::Result<()> {
    let config = url.config();
    let port = config.get_ports().first().copied().unwrap_or(5432);
    match &config.get_hosts()[0] {
        Host::Unix(dir) => {
            let server = UnixStream::connect(dir.join(format!(".s.PGSQL.{port}"))).await?;
            join(client, server, counted).await
        }
        Host::Tcp(name) => {
            let server = TcpStream::connect((name.as_str(), port)).await?;
            join(client, server, counted).await
        }
    }
}

async fn join(
    client: UnixStream,
    server: impl AsyncRead + AsyncWrite,
    counted: &AtomicUsize,
) -> io::Result<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = io::split(server);
    let answers = io::copy(&mut from_server, &mut to_client);
    tokio::select! {
        asked = count(&mut from_client, &mut to_server, counted) => asked,
        answered = answers => answered.map(drop),
    }
}

/// Passes messages on. Each is a length and a body, with a letter before them once the session has begun.
async fn count(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    counted: &AtomicUsize,
) -> io::Result<()> {
    let mut begun = false;
    loop {
        if begun {
            let letter = from.read_u8().await?;
            if matches!(letter, b'Q' | b'E') {
                counted.fetch_add(1, Ordering::SeqCst);
            }
            to.write_u8(letter).await?;
        }
        let length = from.read_u32().await?;
        let mut body = vec![0; usize::try_from(length).unwrap() - 4];
        from.read_exact(&mut body).await?;
        to.write_u32(length).await?;
        to.write_all(&body).await?;
        begun |= body != SSL_REQUEST;
    }
}
