//! Where requests are counted: by the tenant and the credential that an extractor has found, before the endpoint does any work.
//!
//! A tenant's budget is spent only by who belongs to it: strangers have limits of their own, so nobody else can use it up.

use std::fmt::Write;
use std::time::Duration;

use poem::http::header::AUTHORIZATION;
use poem::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use poem::{PathPattern, Request};

use super::failure::Failure;
use super::request::RequestFacts;
use super::state::State;
use crate::error::{Error, ErrorKind};
use crate::limits::{Limits, Policy, Standing};
use crate::tenancy::Tenant;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// Operations that need no credential and have a limit of their own, for each tenant and client.
const STRICT: [(&str, Policy); 10] = [
    ("/api/v1/auth/login", Policy::new("login", 5, MINUTE)),
    ("/api/v1/auth/mfa/verify", Policy::new("mfa", 5, MINUTE)),
    ("/api/v1/auth/refresh", Policy::new("refresh", 10, MINUTE)),
    ("/api/v1/auth/register", Policy::new("register", 3, HOUR)),
    (
        "/api/v1/auth/resend-verification",
        Policy::new("resend", 3, HOUR),
    ),
    (
        "/api/v1/auth/forgot-password",
        Policy::new("forgot", 3, HOUR),
    ),
    ("/api/v1/invites/accept", Policy::new("accept", 5, HOUR)),
    ("/api/v1/auth/verify-email", MAIL_TOKENS),
    ("/api/v1/auth/confirm-email-update", MAIL_TOKENS),
    ("/api/v1/auth/reset-password", MAIL_TOKENS),
];
/// Each wrong token is a line in the audit log, which strangers must not fill.
const MAIL_TOKENS: Policy = Policy::new("mail_tokens", 10, MINUTE);
/// Operations of members that try a password or send mails to others, by the same measure, before they cost the tenant's budget.
const STRICT_FOR_MEMBERS: [(&str, Policy); 2] = [
    (
        "/api/v1/users/:param0/password",
        Policy::new("password", 5, MINUTE),
    ),
    ("/api/v1/users/:param0/email", Policy::new("email", 5, HOUR)),
];

/// Names the rule, its quota and its seconds.
pub(super) const POLICY_HEADER: HeaderName = HeaderName::from_static("ratelimit-policy");
/// What remains of it, and the seconds until one more comes back.
pub(super) const STANDING_HEADER: HeaderName = HeaderName::from_static("ratelimit");
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Counts a request without a credential for `tenant`: by its operation's own limit, or else as a stranger.
pub(super) async fn count_public(
    request: &Request,
    state: &State,
    tenant: &Tenant,
) -> Result<(), Error> {
    let facts = request.data::<RequestFacts>();
    let client = facts.and_then(RequestFacts::client);
    let route = request.data::<PathPattern>().map(|route| &*route.0);
    let strict = STRICT.iter().find(|(path, _)| Some(*path) == route);
    if let Some((_, policy)) = strict {
        let standing = state.limits.of_client(*policy, tenant.id, client).await;
        return judge(facts, standing);
    }
    judge(facts, state.limits.of_stranger(client).await)
}

/// Counts a request whose credential holds in `tenant`.
pub(super) async fn count_member(
    request: &Request,
    state: &State,
    tenant: &Tenant,
) -> Result<(), Error> {
    let facts = request.data::<RequestFacts>();
    let route = request.data::<PathPattern>().map(|route| &*route.0);
    let mut strict = STRICT_FOR_MEMBERS.iter();
    if let Some((_, policy)) = strict.find(|(path, _)| Some(*path) == route) {
        let client = facts.and_then(RequestFacts::client);
        let standing = state.limits.of_client(*policy, tenant.id, client).await;
        if standing.is_some_and(|standing| standing.refused) {
            return judge(facts, standing);
        }
    }
    judge(facts, state.limits.of_tenant(tenant).await)
}

/// The refusal of a client that sent too many credentials that do not hold, before this one is looked at.
pub(super) fn refuse_shut(
    limits: &Limits,
    headers: &HeaderMap,
    facts: &RequestFacts,
) -> Option<Failure> {
    let has_credential = headers.contains_key(AUTHORIZATION) || headers.contains_key(API_KEY);
    let standing = limits.shut(facts.client()).filter(|_| has_credential);
    let error = judge(Some(facts), standing).err()?;
    Some((&error).into())
}

/// Counts a failure that only somebody without a good credential, or without a tenant, can bring about. One too many is answered in its place.
pub(super) async fn count_failure(
    limits: &Limits,
    failure: &Failure,
    facts: &RequestFacts,
) -> Option<Failure> {
    let stranger = failure.status == StatusCode::UNAUTHORIZED || failure.code == "tenant_not_found";
    // What was counted by another rule already, such as a login, is not counted twice.
    if !stranger || facts.standing().is_some() {
        return None;
    }
    let standing = limits.of_stranger(facts.client()).await?;
    if !standing.refused {
        return None;
    }
    let error = judge(Some(facts), Some(standing)).err()?;
    Some((&error).into())
}

/// Keeps where the caller stands for the answer's headers, and refuses what is too much.
fn judge(facts: Option<&RequestFacts>, standing: Option<Standing>) -> Result<(), Error> {
    let Some(standing) = standing else {
        return Ok(());
    };
    if let Some(facts) = facts {
        facts.set_standing(standing);
    }
    if !standing.refused {
        return Ok(());
    }
    let Policy {
        name,
        quota,
        window,
    } = standing.policy;
    let detail = format!(
        "more than {quota} requests in {} s are too many (limit `{name}`); try again after `Retry-After`",
        window.as_secs()
    );
    Err(Error::new(ErrorKind::RateLimited, "rate_limited", detail).retry_after(standing.wait))
}

/// `RateLimit-Policy: "login";q=5;w=60` and `RateLimit: "login";r=0;t=12`, as the IETF's draft-ietf-httpapi-ratelimit-headers-10 has them.
pub(super) fn tell(standing: &Standing, headers: &mut HeaderMap) {
    let Standing {
        policy,
        remaining,
        wait,
        ..
    } = standing;
    let seconds = (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1);
    let mut text = String::with_capacity(48);
    let window = policy.window.as_secs();
    let _ = write!(text, "\"{}\";q={};w={window}", policy.name, policy.quota);
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.insert(POLICY_HEADER, value);
    }
    text.clear();
    let _ = write!(text, "\"{}\";r={remaining};t={seconds}", policy.name);
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.insert(STANDING_HEADER, value);
    }
}
