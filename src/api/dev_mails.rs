//! `/dev/mails`: the mails that development mode caught, with their links. Elsewhere there is no such path.

use std::collections::HashMap;

use askama::Template;
use poem::endpoint::{BoxEndpoint, make_sync};
use poem::http::{Method, StatusCode, header};
use poem::{EndpointExt, Response};
use poem_openapi::OpenApi;
use poem_openapi::registry::{MetaApi, Registry};

use crate::domains::mails::{CaughtMail, CaughtMails};

/// The page; it is no part of the document.
pub(super) struct DevMails(pub(super) Option<CaughtMails>);

#[derive(Template)]
#[template(path = "dev_mails.html")]
struct Page {
    mails: Vec<CaughtMail>,
}

impl OpenApi for DevMails {
    fn meta() -> Vec<MetaApi> {
        Vec::new()
    }

    fn register(_: &mut Registry) {}

    fn add_routes(self, table: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {
        let Some(caught) = self.0 else { return };
        let endpoint = make_sync(move |_| page(&caught));
        let methods = table.entry("/dev/mails".to_owned()).or_default();
        methods.insert(Method::GET, endpoint.boxed());
    }
}

fn page(caught: &CaughtMails) -> Response {
    let mails = caught.newest_first();
    match (Page { mails }).render() {
        Ok(html) => Response::builder()
            .content_type("text/html; charset=utf-8")
            .header(
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
            )
            .header(header::REFERRER_POLICY, "no-referrer")
            .header(header::CACHE_CONTROL, "no-store")
            .body(html),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into(),
    }
}

/// A line of a mail's text, and whether it is an address to follow.
fn lines(text: &str) -> Vec<(&str, bool)> {
    let is_link = |line: &str| line.starts_with("http://") || line.starts_with("https://");
    text.lines().map(|line| (line, is_link(line))).collect()
}
