//! A mail server of a test's own: real SMTP on a real socket, which keeps what it takes and refuses what it is told to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::received::Received;

/// Login and password that it asks for.
pub const LOGIN: &str = "mailer";
pub const PASSWORD: &str = "p:ss word";

/// How long a mail may take to come.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone)]
pub struct Catcher {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    /// Answers to the next recipients; 250 when there are no more. An empty one is no answer at all.
    answers: VecDeque<&'static str>,
    /// Recipients that were named, whatever the answer.
    tries: usize,
    wrong_logins: usize,
}

impl Catcher {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let catcher = Self {
            address: listener.local_addr().unwrap(),
            state: Arc::default(),
        };
        let this = catcher.clone();
        // Not the test's runtime alone: servers under test live on the kit's.
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let this = this.clone();
                tokio::spawn(async move { this.talk(stream).await });
            }
        });
        catcher
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// As `SMTP_URL` names it.
    pub fn url(&self) -> String {
        format!("smtp://{LOGIN}:p%3Ass%20word@{}", self.address)
    }

    /// The next recipients are answered so.
    pub fn answer(&self, answers: impl IntoIterator<Item = &'static str>) {
        self.state.lock().unwrap().answers.extend(answers);
    }

    pub fn tries(&self) -> usize {
        self.state.lock().unwrap().tries
    }

    pub fn wrong_logins(&self) -> usize {
        self.state.lock().unwrap().wrong_logins
    }

    /// Everything that came to this address until now.
    pub fn all_to(&self, address: &str) -> Vec<Received> {
        let state = self.state.lock().unwrap();
        let to = state.received.iter().filter(|mail| mail.to == address);
        to.cloned().collect()
    }

    /// The only mail to this address, once it is there.
    pub async fn mail_to(&self, address: &str) -> Received {
        let mut mails = self.mails_to(address, 1).await;
        mails.remove(0)
    }

    /// So many mails to this address, in the order in which they came.
    pub async fn mails_to(&self, address: &str, count: usize) -> Vec<Received> {
        let mut found = Vec::new();
        self.until(|| {
            found = self.all_to(address);
            found.len() >= count
        })
        .await;
        assert_eq!(found.len(), count, "mails to {address}");
        found
    }

    pub async fn until(&self, mut done: impl FnMut() -> bool) {
        let began = Instant::now();
        while !done() {
            assert!(began.elapsed() < PATIENCE, "it does not come");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn talk(&self, stream: TcpStream) -> Option<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let mut signed_in = false;
        let mut mail = Received::default();
        write.write_all(b"220 catcher\r\n").await.ok()?;
        while let Some(line) = lines.next_line().await.ok()? {
            let verb = line.split([' ', ':']).next()?.to_uppercase();
            let answer = match verb.as_str() {
                "EHLO" => "250-catcher\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN".to_owned(),
                "AUTH" => {
                    signed_in = is_login(&line);
                    self.state.lock().unwrap().wrong_logins += usize::from(!signed_in);
                    let answer = if signed_in { "235 ok" } else { "535 wrong" };
                    answer.to_owned()
                }
                "MAIL" if !signed_in => "530 sign in".to_owned(),
                "MAIL" => {
                    mail = Received::default();
                    "250 ok".to_owned()
                }
                "RCPT" => match self.recipient(&line) {
                    "" => std::future::pending().await,
                    answer => {
                        line.split(['<', '>']).nth(1)?.clone_into(&mut mail.to);
                        answer.to_owned()
                    }
                },
                "DATA" => {
                    write.write_all(b"354 go on\r\n").await.ok()?;
                    loop {
                        let line = lines.next_line().await.ok()??;
                        if line == "." {
                            break;
                        }
                        mail.raw += line.strip_prefix('.').unwrap_or(&line);
                        mail.raw += "\r\n";
                    }
                    self.state.lock().unwrap().received.push(mail.clone());
                    "250 taken".to_owned()
                }
                "QUIT" => return None,
                "NOOP" | "RSET" => "250 ok".to_owned(),
                _ => "502 what".to_owned(),
            };
            write
                .write_all(format!("{answer}\r\n").as_bytes())
                .await
                .ok()?;
        }
        None
    }

    fn recipient(&self, _: &str) -> &'static str {
        let mut state = self.state.lock().unwrap();
        state.tries += 1;
        state.answers.pop_front().unwrap_or("250 ok")
    }
}

/// `AUTH PLAIN` with what [`LOGIN`] and [`PASSWORD`] make.
fn is_login(line: &str) -> bool {
    let expected = BASE64_STANDARD.encode(format!("\0{LOGIN}\0{PASSWORD}"));
    line.strip_prefix("AUTH PLAIN ") == Some(&expected)
}
