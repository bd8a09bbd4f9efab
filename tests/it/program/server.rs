//! `tenantry serve` as a child process, and requests to it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tenantry::testkit::Answer;

use super::{Guarded, PASSWORD};

/// Slow machines need this long for a start.
const START: Duration = Duration::from_mins(1);
const LOG_LIMIT: Duration = Duration::from_secs(20);

/// A running server; killed when dropped.
pub struct Server {
    process: Guarded,
    base: String,
    client: Client,
    errors: Arc<Mutex<Vec<String>>>,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts `command` and waits until it listens.
    pub(super) fn start(mut command: Command) -> Self {
        command
            .env("BIND_ADDR", "127.0.0.1:0")
            .env("LOG_FORMAT", "json")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut process = Guarded::spawn(&mut command);
        let log = BufReader::new(process.child().stderr.take().unwrap());
        let (tell, told) = mpsc::channel();
        let errors = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&errors);
        let lines = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&lines);
        // Reads to the end, or else the server would block on a full pipe.
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                if line.contains(r#""level":"ERROR""#) {
                    kept.lock().unwrap().push(line.clone());
                }
                all.lock().unwrap().push(line.clone());
                tell.send(line).ok();
            }
        });
        let mut log = String::new();
        let address = loop {
            let line = told
                .recv_timeout(START)
                .unwrap_or_else(|_| panic!("the server does not listen:\n{log}"));
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            if event["message"] == "listening" {
                break event["address"].as_str().unwrap().to_owned();
            }
            log.push_str(&line);
            log.push('\n');
        };
        Self {
            process,
            base: format!("http://{address}"),
            client: Client::new(),
            errors,
            lines,
        }
    }

    /// Waits until it is ready for everything.
    pub async fn ready(self) -> Self {
        let began = Instant::now();
        loop {
            let request = self.client.get(format!("{}/health/ready", self.base));
            let answer = Answer::of(request).await;
            if answer.status == 200 {
                return self;
            }
            assert!(began.elapsed() < START, "not ready: {}", answer.text);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// `kill -9`.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// `kill -TERM`.
    pub fn terminate(&self) {
        self.process.terminate();
    }

    /// The exit code, once it has ended by itself; fails if that takes longer than `limit`.
    pub async fn ended_within(mut self, limit: Duration) -> Option<i32> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.process.child().try_wait().unwrap() {
                return status.code();
            }
            assert!(began.elapsed() < limit, "it goes on");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Its number among the machine's processes.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Where it listens: address and port.
    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// The errors that it has logged since it was last asked.
    pub fn errors(&self) -> Vec<String> {
        std::mem::take(&mut self.errors.lock().unwrap())
    }

    /// How many lines of its log have these words.
    pub fn says(&self, words: &str) -> usize {
        let lines = self.lines.lock().unwrap();
        lines.iter().filter(|line| line.contains(words)).count()
    }

    /// Waits for these words in its log, which another thread reads; they are said once.
    pub async fn will_say(&self, words: &str) {
        let began = Instant::now();
        while self.says(words) == 0 {
            assert!(began.elapsed() < LOG_LIMIT, "it does not say: {words}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(self.says(words), 1, "{words}");
    }

    /// A request below `/api/v1`.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}/api/v1{path}", self.base))
    }

    /// A sign-in at this tenant.
    pub async fn sign_in(&self, tenant: &str, email: &str) -> Answer {
        let body = json!({ "email": email, "password": PASSWORD });
        let request = self.request(Method::POST, "/auth/login").json(&body);
        Answer::of(request.header("X-Tenant-ID", tenant)).await
    }

    /// The access token of such a sign-in.
    pub async fn token(&self, tenant: &str, email: &str) -> String {
        let answer = self.sign_in(tenant, email).await;
        assert_eq!(answer.status, 200, "its log: {}", self.errors().join("\n"));
        let pair = answer.expect(200);
        pair["access_token"].as_str().unwrap().to_owned()
    }
}
