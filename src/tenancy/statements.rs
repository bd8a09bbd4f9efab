//! Prepared statements of one connection, kept per (scope, text) and bounded.
//!
//! PostgreSQL plans a statement anew whenever the `search_path` differs from the one it was planned under, so one kept per tenant is
//! planned once. A text is prepared when it comes a second time: what a tenant asks once is not worth a server-side statement. When a tenant's
//! version changes, its statements are dropped.

use std::collections::HashMap;

use tokio_postgres::Statement;

use super::name::SchemaName;
use super::scope::Scope;
use super::sql::Sql;

/// Statements kept on one connection; each costs its backend some 10 kB.
const MAX_KEPT: usize = 1000;

enum Entry {
    SeenOnce,
    Prepared(Statement),
}

#[derive(Default)]
struct OfScope {
    version: i32,
    entries: HashMap<&'static str, Entry>,
    last_used: u64,
}

/// What to do with a text that is about to run.
pub(super) enum Plan {
    /// Run this one.
    Prepared(Statement),
    /// It came before: prepare it now and [`Statements::keep`] it.
    Prepare,
    /// First time: send the text itself.
    Unprepared,
}

/// See the module.
#[derive(Default)]
pub(super) struct Statements {
    /// `None` is the shared tables.
    scopes: HashMap<Option<SchemaName>, OfScope>,
    kept: usize,
    clock: u64,
}

impl Statements {
    /// Looks the text up, and notes that it came.
    pub(super) fn plan(&mut self, scope: &Scope, sql: &Sql) -> Plan {
        self.clock += 1;
        let (key, version) = key(scope);
        let of_scope = self.scopes.entry(key).or_default();
        if of_scope.version != version {
            self.kept -= of_scope.entries.len();
            of_scope.entries.clear();
            of_scope.version = version;
        }
        of_scope.last_used = self.clock;
        match of_scope.entries.get(sql.text()) {
            Some(Entry::Prepared(statement)) => Plan::Prepared(statement.clone()),
            Some(Entry::SeenOnce) => Plan::Prepare,
            None => {
                of_scope.entries.insert(sql.text(), Entry::SeenOnce);
                self.kept += 1;
                self.make_room();
                Plan::Unprepared
            }
        }
    }

    /// Keeps a statement that was prepared under `scope`.
    pub(super) fn keep(&mut self, scope: &Scope, sql: &Sql, statement: Statement) {
        if let Some(of_scope) = self.scopes.get_mut(&key(scope).0) {
            of_scope
                .entries
                .insert(sql.text(), Entry::Prepared(statement));
        }
    }

    /// Forgets a scope's statements: its tables have changed shape.
    pub(super) fn forget(&mut self, scope: &Scope) {
        let gone = self.scopes.remove(&key(scope).0);
        self.drop_all(gone);
    }

    fn drop_all(&mut self, of_scope: Option<OfScope>) {
        self.kept -= of_scope.map_or(0, |of_scope| of_scope.entries.len());
    }

    /// Drops whole scopes, the one longest unused first, but never the one at work.
    fn make_room(&mut self) {
        while self.kept > MAX_KEPT && self.scopes.len() > 1 {
            let oldest = self.scopes.iter().min_by_key(|(_, of)| of.last_used);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
                return;
            };
            let gone = self.scopes.remove(&oldest);
            self.drop_all(gone);
        }
    }
}

fn key(scope: &Scope) -> (Option<SchemaName>, i32) {
    match scope {
        Scope::Public => (None, 0),
        Scope::Tenant { schema, version } => (Some(schema.clone()), *version),
    }
}
