//! Whose tables a connection sees, and the statement that makes it so.

use tokio_postgres::types::Type;

use super::name::SchemaName;
use super::value::Param;

/// What a connection wears.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Scope {
    /// The shared tables, written `public.x`: an empty path and the login's own role.
    Public,
    /// One tenant's schema alone, and the role that can enter no other.
    Tenant(SchemaName),
}

/// How a deployment scopes its connections; the same for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScopeRules {
    /// Wear the tenant's database role beside its path.
    pub fence: bool,
    /// Keep everything local to a transaction, because a pooler may hand the server connection to strangers in between.
    pub transaction_pool: bool,
}

impl Scope {
    /// The statement that puts this scope on.
    ///
    /// `$1::regnamespace` fails where the schema does not exist (3F000), and `set_config('role', …)` where the role does not (22023).
    /// It runs inside a transaction together with the statements that need it, so where it fails, they do not run.
    pub(super) fn wear_sql(&self, rules: ScopeRules) -> &'static str {
        match (self, rules.fence, rules.transaction_pool) {
            (Self::Tenant(_), true, false) => {
                "SELECT set_config('search_path', $1::regnamespace::text, false), set_config('role', $1, false)"
            }
            (Self::Tenant(_), true, true) => {
                "SELECT set_config('search_path', $1::regnamespace::text, true), set_config('role', $1, true)"
            }
            (Self::Tenant(_), false, false) => {
                "SELECT set_config('search_path', $1::regnamespace::text, false)"
            }
            (Self::Tenant(_), false, true) => {
                "SELECT set_config('search_path', $1::regnamespace::text, true)"
            }
            (Self::Public, true, false) => {
                "SELECT set_config('search_path', '', false), set_config('role', 'none', false)"
            }
            (Self::Public, true, true) => {
                "SELECT set_config('search_path', '', true), set_config('role', 'none', true)"
            }
            (Self::Public, false, false) => "SELECT set_config('search_path', '', false)",
            (Self::Public, false, true) => "SELECT set_config('search_path', '', true)",
        }
    }

    /// The parameter of [`Scope::wear_sql`], with its type.
    pub(super) fn wear_param(&self) -> Option<(String, Type)> {
        match self {
            Self::Public => None,
            Self::Tenant(schema) => {
                let name = schema.as_str().to_owned();
                let kind = name.pg_type();
                Some((name, kind))
            }
        }
    }

    /// Whether unqualified tables are a tenant's.
    pub(super) fn is_tenant(&self) -> bool {
        matches!(self, Self::Tenant(_))
    }
}
