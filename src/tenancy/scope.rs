//! Whose tables a connection sees, and the statement that makes it so.

use std::error::Error as StdError;
use std::time::Duration;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use super::name::SchemaName;
use super::tenant::Tenant;

/// What a connection wears.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Scope {
    /// The shared tables, written `public.x`: an empty path and the login's own role.
    Public,
    /// One tenant's schema alone, and the role that can enter no other.
    Tenant {
        /// The schema; the role has the same name.
        schema: SchemaName,
        /// Version of its tables, as far as the caller knows: statements are kept for one version only.
        version: i32,
    },
}

/// How a deployment scopes its connections; the same for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScopeRules {
    /// Wear the tenant's database role beside its path.
    pub fence: bool,
    /// Keep everything local to a transaction, because a pooler may hand the server connection to strangers in between.
    pub transaction_pool: bool,
    /// Longest statement; `None` for DDL. Where scopes are local to a transaction, each brings it along.
    pub statement_timeout: Option<Duration>,
}

impl ScopeRules {
    /// The longest statement as PostgreSQL wants it: milliseconds, 0 for no limit.
    pub(super) fn timeout_ms(&self) -> u128 {
        self.statement_timeout.unwrap_or_default().as_millis()
    }
}

impl Scope {
    /// The scope of a tenant as the registry knows it.
    pub(super) fn of(tenant: &Tenant) -> Self {
        Self::Tenant {
            schema: tenant.schema.clone(),
            version: tenant.state.as_ref().map_or(0, |state| state.version),
        }
    }

    /// The statement that puts this scope on.
    ///
    /// `$1::regnamespace` fails where the schema does not exist (3F000), and `set_config('role', …)` where the role does not (22023).
    /// Behind a transaction pooler it also brings the statement's limits along: how long it may take, and that PostgreSQL ends it within
    /// half a second after its caller has closed the connection (see [`Cleanup`](super::connection::Cleanup)).
    /// It runs inside a transaction together with the statements that need it, so where it fails, they do not run.
    pub(super) fn wear_sql(&self, rules: ScopeRules) -> &'static str {
        match (self, rules.fence, rules.transaction_pool) {
            (Self::Tenant { .. }, true, false) => {
                "SELECT set_config('search_path', $1::regnamespace::text, false), set_config('role', $1, false)"
            }
            (Self::Tenant { .. }, true, true) => {
                "SELECT set_config('search_path', $1::regnamespace::text, true), set_config('role', $1, true), set_config('statement_timeout', $2, true), set_config('client_connection_check_interval', '500', true)"
            }
            (Self::Tenant { .. }, false, false) => {
                "SELECT set_config('search_path', $1::regnamespace::text, false)"
            }
            (Self::Tenant { .. }, false, true) => {
                "SELECT set_config('search_path', $1::regnamespace::text, true), set_config('statement_timeout', $2, true), set_config('client_connection_check_interval', '500', true)"
            }
            (Self::Public, true, false) => {
                "SELECT set_config('search_path', '', false), set_config('role', 'none', false)"
            }
            (Self::Public, true, true) => {
                "SELECT set_config('search_path', '', true), set_config('role', 'none', true), set_config('statement_timeout', $1, true), set_config('client_connection_check_interval', '500', true)"
            }
            (Self::Public, false, false) => "SELECT set_config('search_path', '', false)",
            (Self::Public, false, true) => {
                "SELECT set_config('search_path', '', true), set_config('statement_timeout', $1, true), set_config('client_connection_check_interval', '500', true)"
            }
        }
    }

    /// The parameters of [`Scope::wear_sql`], with their types.
    pub(super) fn wear_params(&self, rules: ScopeRules) -> Vec<(String, Type)> {
        let schema = match self {
            Self::Public => None,
            Self::Tenant { schema, .. } => Some(schema.as_str().to_owned()),
        };
        let timeout = rules
            .transaction_pool
            .then(|| rules.timeout_ms().to_string());
        let texts = schema.into_iter().chain(timeout);
        texts.map(|text| (text, Type::TEXT)).collect()
    }

    /// Whether unqualified tables are a tenant's.
    pub(super) fn is_tenant(&self) -> bool {
        matches!(self, Self::Tenant { .. })
    }
}

/// The type `public.tenant_scope`: a parameter of it puts a scope on before the statement that it belongs to is planned and run, in the same message.
/// See `docs/adr/0014-the-switch-is-a-parameter.md`.
#[derive(Debug, Clone)]
pub(super) struct Carrier(Type);

impl Carrier {
    /// Asks for the type's number; NULL where the shared tables are older than it.
    pub(super) const FIND: &str = "SELECT to_regtype('public.tenant_scope')::oid";

    /// The type with this number.
    pub(super) fn new(oid: u32) -> Self {
        let name = "tenant_scope".to_owned();
        Self(Type::new(
            name,
            oid,
            Kind::Domain(Type::TEXT),
            "public".to_owned(),
        ))
    }

    /// For preparing statements whose last parameter it is.
    pub(super) fn pg_type(&self) -> Type {
        self.0.clone()
    }
}

/// A value of the [`Carrier`]'s type: puts this scope on.
#[derive(Debug)]
pub(super) struct Carried<'s>(pub(super) &'s Scope);

impl ToSql for Carried<'_> {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        out.extend_from_slice(match self.0 {
            Scope::Public => b"public",
            Scope::Tenant { schema, .. } => schema.as_str().as_bytes(),
        });
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(kind.kind(), Kind::Domain(of) if *of == Type::TEXT)
    }

    to_sql_checked!();
}
