//! The real program as child processes on a test's database, and a look at that database from outside.

mod child;
mod server;

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tenantry::testkit::TestDatabase;
use tokio_postgres::{Client, NoTls};

pub use child::Guarded;
pub use server::Server;

/// What every user that these tests make signs in with.
pub const PASSWORD: &str = "seven purple lighthouses";

/// The program with an environment of its own: nothing comes from the test's.
pub struct Program {
    environment: Vec<(String, String)>,
    /// Where it runs, so that no `.env` of a developer is read.
    place: TempDir,
}

impl Program {
    /// On this database.
    pub fn on(database: &TestDatabase) -> Self {
        let environment = database.environment().into_iter();
        environment.fold(Self::bare(), |program, (name, value)| {
            program.set(name, value)
        })
    }

    /// With nothing configured.
    pub fn bare() -> Self {
        let path = std::env::var("PATH").unwrap_or_default();
        Self {
            environment: vec![("PATH".to_owned(), path)],
            place: tempfile::tempdir().unwrap(),
        }
    }

    /// The same with this variable.
    pub fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// The same without this variable.
    pub fn without(mut self, name: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self
    }

    /// The folder that commands run in.
    pub fn place(&self) -> &Path {
        self.place.path()
    }

    /// A command line, its arguments parted by spaces.
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenantry"));
        command
            .args(line.split_whitespace())
            .env_clear()
            .envs(self.environment.iter().cloned())
            .current_dir(self.place.path());
        command
    }

    /// Runs it to its end.
    pub fn run(&self, line: &str) -> Ran {
        Ran::of(self.command(line).stdin(Stdio::null()))
    }

    /// The same with a password on standard input.
    pub fn run_with_password(&self, line: &str) -> Ran {
        let file = self.place.path().join("password");
        std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
        let file = std::fs::File::open(file).unwrap();
        Ran::of(self.command(line).stdin(file))
    }

    /// A server, as soon as it listens.
    pub fn serve(&self) -> Server {
        Server::start(self.command("serve"))
    }
}

/// What a command did.
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Itself, if this was the exit code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self
    }

    /// What it printed, as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// A connection under the login that owns the schemas.
pub async fn owner(database: &TestDatabase) -> Client {
    let url = database.config.database.migration_url().unwrap().expose();
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The first column of the first row.
pub async fn number(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}
