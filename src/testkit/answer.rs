//! What came back, with the assertions that tests make of it.

use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::OrFail;

/// A response, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub text: String,
}

impl Answer {
    /// Sends a request.
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.or_fail("a request");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.or_fail("a response");
        Self {
            status,
            headers,
            text,
        }
    }

    /// The body as JSON; null where there is none.
    pub fn json(&self) -> Value {
        if self.text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.text).or_fail(&self.text)
    }

    /// A header's text; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// The body, if this was the status.
    ///
    /// # Panics
    /// When it was not; the test fails with the body.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    /// A problem with this status and code, in the form that every error has.
    ///
    /// # Panics
    /// When it is another; the test fails with what came.
    #[track_caller]
    pub fn expect_problem(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["status"], status, "{problem}");
        assert_eq!(problem["code"], code, "{problem}");
        for member in ["type", "title", "detail", "instance", "request_id"] {
            assert!(problem[member].is_string(), "no `{member}` in {problem}");
        }
        problem
    }
}
