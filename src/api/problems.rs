//! The catch-all: whatever fails below, a panic too, is answered as a problem and noted for the log line.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use poem::PathPattern;
use poem::http::{Method, StatusCode, Uri, header};
use poem::{Endpoint, IntoResponse, Request, Response, Result};

use super::failure::Failure;
use super::limits;
use super::problem;
use super::request::RequestFacts;
use super::routes::Routes;
use super::state::State;
use crate::error::{Error, FieldError};
use crate::limits::Limits;
use crate::tenancy::TENANT_UNAVAILABLE;

/// The longest path and query, in bytes, that is read.
const LONGEST_URI: usize = 8 * 1024;

/// Answers every failure of `inner` as a problem.
pub(super) struct Problems<E> {
    pub(super) inner: E,
    pub(super) routes: Routes,
    pub(super) limits: Limits,
}

impl<E: Endpoint> Endpoint for Problems<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let Some(facts) = request.data::<RequestFacts>().cloned() else {
            return self
                .inner
                .call(request)
                .await
                .map(IntoResponse::into_response);
        };
        if let Some(failure) = refuse(&request, facts.uri()) {
            return Ok(respond(failure, &facts));
        }
        if let Some(failure) = limits::refuse_shut(&self.limits, request.headers(), &facts) {
            return Ok(respond(failure, &facts));
        }
        let method = request.method().clone();
        let state = request.data::<Arc<State>>().cloned();
        let outcome = AssertUnwindSafe(self.inner.call(request))
            .catch_unwind()
            .await;
        let error = match outcome {
            Ok(Ok(output)) => {
                let response = output.into_response();
                self.note_route(response.data::<PathPattern>(), &facts);
                return Ok(response);
            }
            Ok(Err(error)) => error,
            Err(panic) => {
                let failure = Failure::internal(format!("panic: {}", words(panic.as_ref())));
                return Ok(respond(failure, &facts));
            }
        };
        let pattern = error.data::<PathPattern>();
        self.note_route(pattern, &facts);
        let mut failure = Failure::from(&error);
        if failure.status == StatusCode::METHOD_NOT_ALLOWED {
            failure.allow = pattern.map(|pattern| self.routes.allow(pattern));
        }
        if failure.status == StatusCode::FORBIDDEN {
            write_down(&method, failure.code, &facts).await;
        }
        if failure.code == TENANT_UNAVAILABLE {
            failure = look_again(state.as_deref(), &facts)
                .await
                .unwrap_or(failure);
        }
        let refused = limits::count_failure(&self.limits, &failure, &facts).await;
        Ok(respond(refused.unwrap_or(failure), &facts))
    }
}

impl<E> Problems<E> {
    fn note_route(&self, pattern: Option<&PathPattern>, facts: &RequestFacts) {
        if let Some(pattern) = pattern {
            facts.set_route(self.routes.template(pattern));
        }
    }
}

/// A refusal of somebody who is known stands in the audit of their tenant. Where it cannot be written, it is a refusal all the same.
async fn write_down(method: &Method, code: &'static str, facts: &RequestFacts) {
    let Some(caller) = facts.caller() else {
        return;
    };
    let operation = format!("{method} {}", facts.route().unwrap_or_default());
    let noted = caller
        .refusals
        .note(&caller.context, &operation, facts.path(), code);
    if let Err(error) = noted.await {
        let error = Error::from(error).chain();
        tracing::warn!(
            error,
            operation,
            code,
            "a refusal could not be written into the audit"
        );
    }
}

/// What a tenant's registry says now, where its schema was out of reach: it may have been deleted while the request was under way. `None` where nothing
/// explains it.
async fn look_again(state: Option<&State>, facts: &RequestFacts) -> Option<Failure> {
    let refused = state?.deps.tenancy.look_again(facts.tenant_id()?).await;
    let refused = Failure::from(&refused.err()?);
    (refused.status != StatusCode::INTERNAL_SERVER_ERROR).then_some(refused)
}

fn respond(failure: Failure, facts: &RequestFacts) -> Response {
    let response = problem::answer(&failure, facts);
    facts.set_failure(failure.code, failure.cause);
    response
}

/// What no endpoint should have to think of. PostgreSQL has no NUL in text, so nothing has such a name and no filter can match it.
fn refuse(request: &Request, uri: &Uri) -> Option<Failure> {
    // RFC 9112, 3.2. A proxy and we could each believe another one.
    if request
        .headers()
        .get_all(header::HOST)
        .iter()
        .nth(1)
        .is_some()
    {
        return Some(Failure::several_hosts());
    }
    let query = uri.query().unwrap_or_default();
    if uri.path().len() + query.len() > LONGEST_URI {
        return Some(Failure::uri_too_long(LONGEST_URI));
    }
    if uri.path().contains("%00") {
        return Some((&Error::not_found("thing")).into());
    }
    let parameter = query.split('&').find(|pair| pair.contains("%00"))?;
    let name = parameter.split('=').next().unwrap_or_default();
    let mistake = FieldError::new(
        format!("/{name}"),
        "nul_character",
        "expected text without the NUL character",
    );
    Some((&Error::validation(vec![mistake])).into())
}

fn words(panic: &(dyn Any + Send)) -> &str {
    if let Some(words) = panic.downcast_ref::<&str>() {
        words
    } else if let Some(words) = panic.downcast_ref::<String>() {
        words
    } else {
        "no words"
    }
}
