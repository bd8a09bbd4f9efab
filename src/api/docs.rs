//! `/docs` (Swagger UI), `/redoc`, `/openapi.json` and `/openapi.yaml`: made when they are first asked for, then served from memory. They are megabytes, and most
//! servers are never asked.
//!
//! Both pages carry their own script. Their content policy lets a browser load nothing from elsewhere, so they work, and tell nobody, without the internet.

use std::collections::HashMap;
use std::sync::LazyLock;

use bytes::Bytes;
use poem::endpoint::{BoxEndpoint, make_sync};
use poem::http::{Method, header};
use poem::{EndpointExt, Response};
use poem_openapi::OpenApi;
use poem_openapi::registry::{MetaApi, Registry};

use super::components::say_closed;
use super::document::{describe, json, yaml};

const HTML: &str = "text/html; charset=utf-8";

const PAGE_POLICY: &str = "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval'; style-src 'unsafe-inline'; \
    img-src data:; font-src data:; worker-src blob:; connect-src 'self'; frame-ancestors 'none'";

/// The pages about the document; they are no part of it.
pub(super) struct Docs(Vec<Page>);

struct Page {
    path: &'static str,
    content_type: &'static str,
    content: LazyLock<Bytes>,
}

/// What the Redoc page would fetch from a font service.
const WEB_FONTS: &str = r#"<link href="https://fonts.googleapis.com/css?family=Montserrat:300,400,700|Roboto:300,400,700" rel="stylesheet">"#;

impl Docs {
    /// The pages about `A`.
    pub(super) fn of<A: OpenApi>() -> Self {
        Self(vec![
            Page {
                path: "/docs",
                content_type: HTML,
                content: LazyLock::new(|| swagger::<A>().into()),
            },
            Page {
                path: "/redoc",
                content_type: HTML,
                content: LazyLock::new(|| redoc::<A>().into()),
            },
            Page {
                path: "/openapi.json",
                content_type: "application/json",
                content: LazyLock::new(|| json::<A>().into()),
            },
            Page {
                path: "/openapi.yaml",
                content_type: "application/yaml",
                content: LazyLock::new(|| yaml::<A>().into()),
            },
        ])
    }
}

fn swagger<A: OpenApi>() -> String {
    say_closed(&describe::<A>().swagger_ui_html())
}

fn redoc<A: OpenApi>() -> String {
    say_closed(&describe::<A>().redoc_html()).replace(WEB_FONTS, "")
}

impl OpenApi for Docs {
    fn meta() -> Vec<MetaApi> {
        Vec::new()
    }

    fn register(_: &mut Registry) {}

    fn add_routes(self, table: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {
        for page in self.0 {
            let path = page.path.to_owned();
            let endpoint = make_sync(move |_| {
                Response::builder()
                    .content_type(page.content_type)
                    .header(header::CONTENT_SECURITY_POLICY, PAGE_POLICY)
                    .header(header::CACHE_CONTROL, "no-cache")
                    .body(Bytes::clone(&page.content))
            });
            let methods = table.entry(path).or_default();
            methods.insert(Method::GET, endpoint.boxed());
        }
    }
}
