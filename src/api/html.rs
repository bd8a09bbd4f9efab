//! Small pages of our own, for whoever follows a link from a mail. They carry everything themselves and load nothing.

use askama::Template;
use poem::error::ResponseError;
use poem::http::{StatusCode, header};
use poem::{FromRequest, IntoResponse, Request, RequestBody, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::Type;

use super::request::RequestFacts;
use crate::error::Error;

/// A page that says one thing. The token in its address must not travel on, nor stay in a cache.
pub(super) struct Notice {
    status: StatusCode,
    words: Words,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct Words {
    title: &'static str,
    text: String,
}

impl Notice {
    /// It worked.
    pub(super) fn good(title: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            status: StatusCode::OK,
            words: Words { title, text },
        }
    }

    /// It did not, for a reason that the caller may know.
    pub(super) fn bad(error: &Error) -> Self {
        Self {
            status: error.status(),
            words: Words {
                title: "This did not work",
                text: error.detail().to_owned(),
            },
        }
    }
}

impl IntoResponse for Notice {
    fn into_response(self) -> Response {
        let Ok(html) = self.words.render() else {
            return StatusCode::INTERNAL_SERVER_ERROR.into();
        };
        Response::builder()
            .status(self.status)
            .content_type("text/html; charset=utf-8")
            .header(
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
            )
            .header(header::REFERRER_POLICY, "no-referrer")
            .header(header::CACHE_CONTROL, "no-store")
            .body(html)
    }
}

/// The document tells of the good one. A failure is a problem there; only a browser, which asks for HTML, gets a page instead.
impl ApiResponse for Notice {
    fn meta() -> MetaResponses {
        let page = MetaResponse {
            description: "A page that says that it is done.",
            status: Some(StatusCode::OK.as_u16()),
            status_range: None,
            content: vec![MetaMediaType {
                content_type: "text/html; charset=utf-8",
                schema: String::schema_ref(),
            }],
            headers: Vec::new(),
        };
        MetaResponses {
            responses: vec![page],
        }
    }

    fn register(_: &mut Registry) {}
}

/// Whether the client only looks whether there is something (HEAD), as scanners of mails do.
pub(super) struct OnlyLooks(pub(super) bool);

impl<'a> FromRequest<'a> for OnlyLooks {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let facts = request.data::<RequestFacts>();
        Ok(Self(facts.is_some_and(RequestFacts::is_head)))
    }
}

/// Whether the client is a browser that shows a page: it names HTML in `Accept`.
pub(super) struct WantsPage(pub(super) bool);

impl<'a> FromRequest<'a> for WantsPage {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let accept = request.headers().get(header::ACCEPT);
        let accept = accept.and_then(|value| value.to_str().ok());
        Ok(Self(
            accept.is_some_and(|types| types.contains("text/html")),
        ))
    }
}
