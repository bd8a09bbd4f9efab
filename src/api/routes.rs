//! The routes as the document names them: the template for logs and metrics, and the methods that a 405 must tell.
//!
//! The router knows a path as `/projects/:param0`; readers know it as `/projects/{id}`.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use poem::PathPattern;
use poem::http::{HeaderValue, Method};
use poem_openapi::OpenApi;
use poem_openapi::registry::MetaPath;

/// Every documented route, by the router's pattern.
#[derive(Debug)]
pub(super) struct Routes(HashMap<String, Route>);

#[derive(Debug)]
struct Route {
    template: Arc<str>,
    allow: HeaderValue,
}

impl Routes {
    pub(super) fn of<A: OpenApi>() -> Self {
        let mut methods: HashMap<String, Vec<Method>> = HashMap::new();
        for MetaPath { path, operations } in A::meta().into_iter().flat_map(|api| api.paths) {
            let known = methods.entry(path).or_default();
            known.extend(operations.into_iter().map(|operation| operation.method));
        }
        let routes = methods.into_iter().map(|(path, methods)| {
            let route = Route {
                allow: allow(&methods),
                template: path.as_str().into(),
            };
            (pattern(&path), route)
        });
        Self(routes.collect())
    }

    /// The route as the document names it. What the document leaves out has no parameters.
    pub(super) fn template(&self, pattern: &PathPattern) -> Arc<str> {
        match self.0.get(&*pattern.0) {
            Some(route) => Arc::clone(&route.template),
            None => Arc::clone(&pattern.0),
        }
    }

    /// The methods of a route, for `Allow`. What the document leaves out is only read.
    pub(super) fn allow(&self, pattern: &PathPattern) -> HeaderValue {
        match self.0.get(&*pattern.0) {
            Some(route) => route.allow.clone(),
            None => HeaderValue::from_static("GET, HEAD"),
        }
    }
}

/// `/projects/{id}` as the router knows it: `/projects/:param0`.
fn pattern(path: &str) -> String {
    let mut pattern = String::with_capacity(path.len() + 4);
    let mut parameters = 0;
    for segment in path.split('/').skip(1) {
        if segment.starts_with('{') {
            let _ = write!(pattern, "/:param{parameters}");
            parameters += 1;
        } else {
            pattern.push('/');
            pattern.push_str(segment);
        }
    }
    pattern
}

fn allow(methods: &[Method]) -> HeaderValue {
    let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.sort_unstable();
    HeaderValue::from_str(&names.join(", ")).unwrap_or_else(|_| HeaderValue::from_static(""))
}
