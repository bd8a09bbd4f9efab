//! Which tenant a request names, by its host and its header; nothing else counts.

use std::sync::Arc;

use crate::error::{Error, ErrorKind};

use super::Tenancy;
use super::registry::TenantKey;
use super::tenant::{Refusal, Tenant};

/// Why a request's tenant cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// Neither host nor header names one.
    #[error(
        "this needs a tenant: send `X-Tenant-ID` with its slug or id, or use its host name (`acme.example.com`)"
    )]
    Required,
    /// They name two.
    #[error("the host and `X-Tenant-ID` name different tenants; send only one of them")]
    Conflict,
}

impl From<ResolveError> for Error {
    fn from(error: ResolveError) -> Self {
        let code = match error {
            ResolveError::Required => "tenant_required",
            ResolveError::Conflict => "tenant_conflict",
        };
        Self::new(ErrorKind::Malformed, code, error.to_string())
    }
}

/// What a request says about its tenant, before anybody looked whether it exists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestedTenant {
    host: Option<String>,
    header: Option<String>,
}

impl RequestedTenant {
    /// Reads the host (`acme.example.com:8080`, of which `base_domain` is the end) and the header `X-Tenant-ID`.
    pub fn new(host: Option<&str>, header: Option<&str>, base_domain: Option<&str>) -> Self {
        Self {
            host: base_domain.and_then(|base| subdomain(host?, base)),
            header: header.map(|h| h.trim().to_owned()),
        }
    }

    /// The tenant that is meant, in whatever state; [`Tenancy::admit`] says whether it may be served. `None` where the request names
    /// none.
    ///
    /// # Errors
    /// When the two disagree, or there is no such tenant.
    pub async fn find(&self, tenancy: &Tenancy) -> Result<Option<Arc<Tenant>>, Error> {
        let (first, second) = match (&self.host, &self.header) {
            (None, None) => return Ok(None),
            (Some(one), None) | (None, Some(one)) => (one, None),
            (Some(host), Some(header)) => (host, Some(header)),
        };
        // Whether they agree is asked first: a conflict tells nothing about either.
        if let Some(second) = second
            && first != second
            && !self.same_tenant(tenancy, first, second).await?
        {
            return Err(ResolveError::Conflict.into());
        }
        let key: TenantKey = first.parse().map_err(|_| Refusal::NotFound)?;
        let tenant = tenancy.find(&key).await?.ok_or(Refusal::NotFound)?;
        Ok(Some(tenant))
    }

    async fn same_tenant(&self, tenancy: &Tenancy, a: &str, b: &str) -> Result<bool, Error> {
        let (Ok(a), Ok(b)) = (a.parse::<TenantKey>(), b.parse::<TenantKey>()) else {
            return Ok(false);
        };
        let (a, b) = (tenancy.find(&a).await?, tenancy.find(&b).await?);
        Ok(matches!((a, b), (Some(a), Some(b)) if a.id == b.id))
    }
}

/// `acme` of `Acme.Example.com:8080` for the base `example.com`. Deeper names and other hosts name no tenant.
fn subdomain(host: &str, base: &str) -> Option<String> {
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|b| b.is_ascii_digit()) {
            name
        } else {
            host
        }
    });
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let label = name
        .strip_suffix(&base.to_ascii_lowercase())?
        .strip_suffix('.')?;
    (!label.is_empty() && !label.contains('.') && label != "www").then(|| label.to_owned())
}

#[cfg(test)]
mod tests {
    use super::subdomain;

    #[test]
    fn the_first_label_before_the_base_domain_names_the_tenant() {
        for (host, expected) in [
            ("acme.example.com", Some("acme")),
            ("ACME.Example.com:8080", Some("acme")),
            ("acme.example.com.", Some("acme")),
            ("example.com", None),
            ("www.example.com", None),
            ("a.b.example.com", None),
            ("acme.example.com.evil.org", None),
            ("acmeexample.com", None),
            (".example.com", None),
            ("[::1]:8080", None),
        ] {
            assert_eq!(
                subdomain(host, "example.com").as_deref(),
                expected,
                "{host}"
            );
        }
    }
}
