//! A tenant with an admin, an operator, and what is sent to make operations fail.

use reqwest::header::{HeaderMap, HeaderName};
use reqwest::{Method, RequestBuilder};
use std::fmt::Write as _;
use tenantry::testkit::{Actor, Answer, TestTenant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use super::document::Operation;
use super::samples;

pub struct World {
    pub tenant: TestTenant,
    admin: Actor,
    operator: Actor,
}

impl World {
    pub async fn new() -> Self {
        let tenant = TestTenant::new().await;
        Self {
            admin: tenant.admin("ada").await,
            operator: tenant.server().operator().await,
            tenant,
        }
    }

    /// Somebody who may do this.
    pub fn somebody(&self, operation: &Operation) -> &Actor {
        if operation.is_platform() {
            &self.operator
        } else {
            &self.admin
        }
    }

    /// The operation, by somebody who may, without its body. Its object does not exist.
    pub fn bare(&self, operation: &Operation) -> RequestBuilder {
        request(operation, self.somebody(operation))
    }
}

/// The operation by `actor`, without its body. Its object does not exist.
pub fn request(operation: &Operation, actor: &Actor) -> RequestBuilder {
    let path = operation.path_of(&Uuid::now_v7().to_string());
    actor.request_root(operation.method.clone(), &path)
}

/// The same with a body that is accepted.
pub fn whole(operation: &Operation, actor: &Actor) -> RequestBuilder {
    with_sample(operation, request(operation, actor))
}

pub fn with_sample(operation: &Operation, request: RequestBuilder) -> RequestBuilder {
    match samples::body(&operation.name) {
        Some(body) => request.json(&body),
        None => request,
    }
}

/// A method that this path does not have.
pub fn other_method(path: &str, all: &[Operation]) -> Method {
    let taken = |method: &Method| all.iter().any(|o| o.path == path && o.method == *method);
    let methods = [Method::DELETE, Method::PUT, Method::PATCH, Method::POST];
    methods.into_iter().find(|method| !taken(method)).unwrap()
}

/// It failed so, and the document says that it may.
#[track_caller]
pub fn documented(operation: &Operation, answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}: {}", operation.name, answer.text);
    answer.expect_problem(status, code);
    operation.expect_names(status, code);
}

/// The answer to a JSON body of which only the length is sent. A client that sends it all may be cut off before it reads the answer.
pub async fn announced(request: RequestBuilder, length: usize) -> Answer {
    let request = request.build().unwrap();
    let url = request.url();
    let mut head = format!(
        "{} {} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n",
        request.method(),
        url.path(),
    );
    for (name, value) in request.headers() {
        write!(head, "{name}: {}\r\n", value.to_str().unwrap()).unwrap();
    }
    head += "\r\n";
    exchange(url.authority(), &head).await
}

/// The answer to a request as it is written here, which must ask for the connection to be closed.
pub async fn exchange(address: &str, written: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(written.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut headers = HeaderMap::new();
    for line in head.lines().skip(1) {
        let (name, value) = line.split_once(": ").unwrap();
        let name: HeaderName = name.parse().unwrap();
        headers.insert(name, value.parse().unwrap());
    }
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        headers,
        text: body.to_owned(),
    }
}
