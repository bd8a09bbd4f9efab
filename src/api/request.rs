//! What is known of the request under way: its id, its trace, its client, and what later layers find out (tenant, user).
//!
//! One small shared value in the request's extensions; the boundary writes it into the log line.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use ipnet::IpNet;
use poem::Request;
use poem::http::{HeaderValue, Method, Uri, header};
use uuid::Uuid;

use super::client_addr::client_addr;
use super::trace_context::TraceParent;
use crate::domains::access::Context;
use crate::domains::audit::Refusals;
use crate::ids;
use crate::limits::Standing;
use crate::tenancy::TenantId;

/// The header that names a request, in both directions.
pub const REQUEST_ID: &str = "x-request-id";

/// The facts of one request. Clones share them; an endpoint takes them as `Data<&RequestFacts>`.
#[derive(Debug, Clone)]
pub struct RequestFacts(Arc<Facts>);

#[derive(Debug)]
struct Facts {
    /// Checked to be ASCII.
    request_id: HeaderValue,
    trace: Option<TraceParent>,
    client: Option<IpAddr>,
    token_sent: bool,
    is_head: bool,
    uri: Uri,
    route: OnceLock<Arc<str>>,
    tenant: OnceLock<(TenantId, Box<str>)>,
    user: OnceLock<Uuid>,
    caller: OnceLock<Caller>,
    standing: OnceLock<Standing>,
    failure: OnceLock<(&'static str, Option<String>)>,
}

/// Somebody whose credential held, and who hears of it if they are refused all the same.
#[derive(Debug)]
pub(super) struct Caller {
    /// In their own tenant.
    pub(super) context: Context,
    pub(super) refusals: Arc<Refusals>,
}

impl RequestFacts {
    pub(super) fn of(request: &Request, trusted_proxies: &[IpNet]) -> Self {
        let headers = request.headers();
        let given = headers.get(REQUEST_ID).filter(|id| is_sane(id.as_bytes()));
        Self(Arc::new(Facts {
            request_id: given.cloned().unwrap_or_else(new_request_id),
            trace: headers.get("traceparent").and_then(TraceParent::parse),
            client: client_addr(request, trusted_proxies),
            token_sent: headers.contains_key(header::AUTHORIZATION),
            is_head: request.method() == Method::HEAD,
            uri: request.original_uri().clone(),
            route: OnceLock::new(),
            tenant: OnceLock::new(),
            user: OnceLock::new(),
            caller: OnceLock::new(),
            standing: OnceLock::new(),
            failure: OnceLock::new(),
        }))
    }

    /// Names this request; the caller's own id if it sent a sane one.
    pub fn request_id(&self) -> &str {
        self.0.request_id.to_str().unwrap_or_default()
    }

    /// Whether it came as HEAD, which the router knows as GET.
    pub(super) fn is_head(&self) -> bool {
        self.0.is_head
    }

    /// The client's address, as far as it can be believed.
    pub fn client(&self) -> Option<IpAddr> {
        self.0.client
    }

    /// The slug of the tenant that this request is for, once it is known.
    pub fn tenant(&self) -> Option<&str> {
        self.0.tenant.get().map(|(_, slug)| slug.as_ref())
    }

    pub(super) fn tenant_id(&self) -> Option<TenantId> {
        self.0.tenant.get().map(|(id, _)| *id)
    }

    /// Says which tenant this request is for. The first word holds.
    pub fn set_tenant(&self, id: TenantId, slug: &str) {
        let _ = self.0.tenant.set((id, slug.into()));
    }

    /// Who asks, once it is known.
    pub fn user(&self) -> Option<Uuid> {
        self.0.user.get().copied()
    }

    /// Says who asks. The first word holds.
    pub fn set_user(&self, id: Uuid) {
        let _ = self.0.user.set(id);
    }

    pub(super) fn caller(&self) -> Option<&Caller> {
        self.0.caller.get()
    }

    /// Says whose credential this is. The first word holds.
    pub(super) fn set_caller(&self, caller: Caller) {
        let _ = self.0.caller.set(caller);
    }

    pub(super) fn request_id_header(&self) -> HeaderValue {
        self.0.request_id.clone()
    }

    pub(super) fn trace_id(&self) -> Option<&str> {
        self.0.trace.as_ref().and_then(TraceParent::trace_id)
    }

    pub(super) fn parent_id(&self) -> Option<&str> {
        self.0.trace.as_ref().and_then(TraceParent::parent_id)
    }

    pub(super) fn token_sent(&self) -> bool {
        self.0.token_sent
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.0.uri
    }

    /// The path as it was sent, at most so long that repeating it is harmless.
    pub(super) fn path(&self) -> &str {
        const LONGEST: usize = 1024;
        let path = self.0.uri.path();
        path.get(..LONGEST).unwrap_or(path)
    }

    pub(super) fn route(&self) -> Option<&str> {
        self.0.route.get().map(AsRef::as_ref)
    }

    pub(super) fn set_route(&self, template: Arc<str>) {
        let _ = self.0.route.set(template);
    }

    /// Where the caller stands with their limit, once the request was counted.
    pub(super) fn standing(&self) -> Option<&Standing> {
        self.0.standing.get()
    }

    pub(super) fn set_standing(&self, standing: Standing) {
        let _ = self.0.standing.set(standing);
    }

    /// The code of the failure, and its cause where that is our own fault.
    pub(super) fn failure(&self) -> Option<&(&'static str, Option<String>)> {
        self.0.failure.get()
    }

    pub(super) fn set_failure(&self, code: &'static str, cause: Option<String>) {
        let _ = self.0.failure.set((code, cause));
    }
}

fn is_sane(id: &[u8]) -> bool {
    (1..=128).contains(&id.len())
        && id
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// An id for a request that came without one.
pub(super) fn new_request_id() -> HeaderValue {
    let mut buffer = Uuid::encode_buffer();
    let id = ids::new_id().hyphenated().encode_lower(&mut buffer);
    HeaderValue::from_str(id).unwrap_or_else(|_| HeaderValue::from_static("unnamed"))
}
