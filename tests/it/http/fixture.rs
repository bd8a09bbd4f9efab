//! A small API, a server around it, and what it logged.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::stream;
use poem::web::Data;
use poem_openapi::auth::Bearer;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::{Binary, Json, PlainText};
use poem_openapi::{ApiResponse, Enum, Object, OpenApi, SecurityScheme};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use tenantry::api::server::Bounds;
use tenantry::api::{
    self, ApiError, Body, CONFLICT, Cursor, GONE, Limit, Page, RATE_LIMITED, RequestFacts, Shell,
    UNAVAILABLE, page_request,
};
use tenantry::error::{Error, ErrorKind};
use tenantry::pagination;
use tenantry::readiness::Readiness;
use tenantry::tenancy::TenantId;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tracing::subscriber::DefaultGuard;
use uuid::Uuid;

#[derive(Debug, Clone, Object)]
pub struct Thing {
    /// Its name.
    #[oai(validator(min_length = 2, max_length = 8, pattern = "^[a-z]+$"))]
    name: String,
    #[oai(validator(minimum(value = "1"), maximum(value = "10")))]
    count: Option<u16>,
    color: Option<Color>,
    owner: Option<Uuid>,
    made_at: Option<chrono::DateTime<chrono::Utc>>,
    #[oai(validator(max_items = 3, unique_items))]
    #[oai(default)]
    tags: Vec<String>,
    part: Option<Part>,
    extra: Option<Value>,
}

#[derive(Debug, Clone, Object)]
pub struct Part {
    a: String,
    b: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum Color {
    Red,
    Blue,
}

#[derive(ApiResponse)]
enum Made {
    /// Made.
    #[oai(status = 201)]
    Made(Json<Thing>),
}

#[derive(SecurityScheme)]
#[oai(ty = "bearer", key_in = "header")]
struct Token(Bearer);

pub struct SmallApi {
    pub begun: Arc<Notify>,
    pub go_on: Arc<Notify>,
}

#[expect(
    clippy::unused_async,
    reason = "endpoints are async, also those that wait for nothing"
)]
#[OpenApi]
impl SmallApi {
    #[oai(path = "/things", method = "post")]
    async fn make(&self, body: Body<Thing>) -> Result<Made, ApiError<CONFLICT>> {
        if body.0.name == "taken" {
            return Err(Error::new(ErrorKind::Conflict, "name_taken", "taken").into());
        }
        Ok(Made::Made(Json(body.0)))
    }

    #[oai(path = "/things", method = "get")]
    async fn list(
        &self,
        #[oai(default)] limit: Query<Limit>,
        cursor: Query<Option<Cursor>>,
    ) -> Json<Page<Uuid>> {
        let request = page_request(limit.0, cursor.0);
        let rows = (1..=45)
            .map(Uuid::from_u128)
            .filter(|id| request.after.is_none_or(|after| *id > after))
            .take(usize::try_from(request.rows_to_fetch()).unwrap())
            .collect();
        Json(pagination::Page::cut(rows, &request, |id| *id).into())
    }

    #[oai(path = "/things/:id", method = "get")]
    async fn get(&self, facts: Data<&RequestFacts>, id: Path<Uuid>) -> Json<Uuid> {
        facts.set_tenant(TenantId(Uuid::nil()), "acme");
        facts.set_user(id.0);
        Json(id.0)
    }

    #[oai(path = "/things/:id", method = "delete")]
    async fn delete(&self, id: Path<Uuid>) -> Json<Uuid> {
        Json(id.0)
    }

    #[oai(path = "/things/mine", method = "get")]
    async fn mine(&self) -> Json<String> {
        Json("mine".to_owned())
    }

    #[oai(path = "/named/:name/parts/:part", method = "get")]
    async fn named(&self, name: Path<String>, part: Path<String>) -> Json<String> {
        Json(format!("{}/{}", name.0, part.0))
    }

    #[oai(path = "/secret", method = "get")]
    async fn secret(&self, token: Token) -> Result<Json<String>, ApiError> {
        Err(Error::new(ErrorKind::Unauthenticated, "token_invalid", token.0.token).into())
    }

    #[oai(path = "/fails/:kind", method = "get")]
    async fn fails(
        &self,
        kind: Path<String>,
    ) -> Result<Json<String>, ApiError<{ GONE | RATE_LIMITED | UNAVAILABLE }>> {
        let minute = Duration::from_mins(1);
        Err(match kind.0.as_str() {
            "gone" => Error::new(ErrorKind::Gone, "invite_expired", "too late"),
            "limited" => {
                Error::new(ErrorKind::RateLimited, "rate_limited", "slow down").retry_after(minute)
            }
            "unavailable" => Error::new(ErrorKind::Unavailable, "no_connection", "try again"),
            "internal" => Error::internal(io::Error::other("the secret cause")),
            "careless" => Error::new(ErrorKind::Internal, "password=x", "the secret detail"),
            _ => panic!("the secret panic"),
        }
        .into())
    }

    /// More than a connection's buffers hold.
    #[oai(path = "/large", method = "get")]
    async fn large(&self) -> PlainText<String> {
        PlainText("x".repeat(64 * 1024 * 1024))
    }

    /// Breaks off after its first part.
    #[oai(path = "/broken", method = "get")]
    async fn broken(&self) -> Binary<poem::Body> {
        let parts = stream::unfold(0, |part| async move {
            // The first part is on its way by then.
            tokio::time::sleep(Duration::from_millis(50)).await;
            let broken = || Err(io::Error::other("on purpose"));
            let part_of = [Ok("the first part"), broken()].into_iter().nth(part)?;
            Some((part_of, part + 1))
        });
        Binary(poem::Body::from_bytes_stream(parts))
    }

    #[oai(path = "/slow", method = "get")]
    async fn slow(&self) -> Json<String> {
        self.begun.notify_one();
        self.go_on.notified().await;
        Json("done".to_owned())
    }
}

/// A running server; it ends with its test.
pub struct Server {
    pub base: String,
    pub addr: std::net::SocketAddr,
    pub readiness: Readiness,
    /// `slow` has begun.
    pub begun: Arc<Notify>,
    /// `slow` may end.
    pub go_on: Arc<Notify>,
    pub stop: mpsc::Sender<()>,
    pub running: JoinHandle<io::Result<()>>,
    log: Log,
    _captured: DefaultGuard,
}

pub async fn start() -> Server {
    start_with(Shell::default(), Duration::from_secs(5)).await
}

pub async fn start_with(shell: Shell, drain: Duration) -> Server {
    start_within(shell, Bounds { drain, ..WIDE }).await
}

/// So wide that no test meets them by accident, without a notice.
pub const WIDE: Bounds = Bounds {
    head: Duration::from_secs(10),
    body: Duration::from_secs(30),
    idle: Duration::from_secs(75),
    connections: 1000,
    notice: Duration::ZERO,
    drain: Duration::from_secs(5),
};

pub async fn start_within(shell: Shell, bounds: Bounds) -> Server {
    let log = Log::default();
    let captured = tracing::subscriber::set_default(
        tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_writer(log.clone())
            .finish(),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, stops) = mpsc::channel(2);
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let readiness = shell.readiness.clone();
    let small = SmallApi {
        begun: Arc::clone(&begun),
        go_on: Arc::clone(&go_on),
    };
    let app = api::app(small, shell);
    let serve = api::server::serve(listener, app, readiness.clone(), bounds, stops);
    Server {
        base: format!("http://{addr}"),
        addr,
        readiness,
        begun,
        go_on,
        stop,
        running: tokio::spawn(serve),
        log,
        _captured: captured,
    }
}

impl Server {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        reqwest::Client::new().request(method, format!("{}{path}", self.base))
    }

    pub async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    pub async fn post(&self, body: impl Into<reqwest::Body>) -> Response {
        self.request(Method::POST, "/api/v1/things")
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap()
    }

    /// A connection without a client's manners.
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.unwrap()
    }

    /// The first line of a request, as soon as it is there.
    pub async fn request_line(&self) -> Value {
        for _ in 0..2000 {
            if let Some(line) = self.request_lines().into_iter().next() {
                return line;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no request has left a line");
    }

    /// The lines that the boundary wrote so far.
    pub fn request_lines(&self) -> Vec<Value> {
        let text = self.log.0.lock().unwrap().clone();
        String::from_utf8(text)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|line| line["target"] == "tenantry::http")
            .collect()
    }
}

/// Checks that `response` is a whole problem, and gives it.
pub async fn problem(response: Response, status: u16, code: &str) -> Value {
    assert_eq!(response.status().as_u16(), status);
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    let request_id = response.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let path = response.url().path().to_owned();
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["type"], "about:blank");
    assert_eq!(problem["status"], status);
    assert_eq!(problem["code"], code, "{problem}");
    assert_eq!(problem["request_id"], request_id);
    assert_eq!(problem["instance"], path);
    for text in ["title", "detail"] {
        assert!(!problem[text].as_str().unwrap().is_empty(), "{text}");
    }
    problem
}

/// All that comes on `stream` until the server closes it.
pub async fn rest_of(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer));
    let read = read.await.expect("the server closes");
    assert!(
        read.is_ok() || !answer.is_empty(),
        "reset without an answer"
    );
    String::from_utf8(answer).unwrap()
}

/// Checks that `answer`, as it came, is one whole problem, and gives it.
pub fn problem_in(answer: &str, status: u16, code: &str) -> Value {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    for header in [
        "content-type: application/problem+json",
        "connection: close",
        "cache-control: no-store",
        "date: ",
        &format!("content-length: {}", body.len()),
    ] {
        assert!(head.contains(header), "no {header} in {head}");
    }
    let problem: Value = serde_json::from_str(body).unwrap();
    assert_eq!(problem["code"], code);
    assert_eq!(problem["status"], status);
    let id = format!("x-request-id: {}", problem["request_id"].as_str().unwrap());
    assert!(head.contains(&id), "{head}");
    problem
}

/// The mistakes of a problem as `pointer code`, sorted.
pub fn mistakes(problem: &Value) -> Vec<String> {
    let mut found: Vec<String> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| {
            assert!(!e["detail"].as_str().unwrap().is_empty());
            format!(
                "{} {}",
                e["pointer"].as_str().unwrap(),
                e["code"].as_str().unwrap()
            )
        })
        .collect();
    found.sort();
    found
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl tracing_subscriber::fmt::MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
