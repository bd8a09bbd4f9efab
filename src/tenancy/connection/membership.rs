//! PostgreSQL's list of the roles that a login is a member of, where it misses one.

use std::borrow::Cow;

use tokio_postgres::error::SqlState;

use super::{Answer, DbError, Scope};

/// The switch was refused: the login is no member of the tenant's role, or PostgreSQL does not know of it.
pub(super) fn is_refused(answer: &Result<Answer, DbError>) -> bool {
    let Err(DbError::ScopeLost { source }) = answer else {
        return false;
    };
    source.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE)
}

/// A `BEGIN` after which PostgreSQL looks anew at whose member the login is. It keeps a list of that, and a role that was made while the list was
/// built can be missing from it until some other is made or dropped. It keeps one list only: to ask about another login's drops this one's.
pub(super) fn begin_anew(scope: &Scope) -> Cow<'static, str> {
    match scope {
        Scope::Public => "BEGIN".into(),
        Scope::Tenant { schema, .. } => format!(
            "BEGIN; SELECT pg_catalog.pg_has_role(oid, session_user, 'MEMBER') FROM pg_catalog.pg_roles WHERE rolname = '{}'",
            schema.as_str()
        )
        .into(),
    }
}
