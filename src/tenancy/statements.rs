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

/// Texts kept on one connection; a statement costs its backend some 10 kB.
const MAX_KEPT: usize = 1000;

/// How a statement gets its scope. A text is prepared for each way in which it comes: carrying a scope costs PostgreSQL a tenth of a small read, also
/// where there is nothing to carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// It is on already, or put on before.
    Alone,
    /// It comes as one more parameter.
    Carrying,
}

/// A text that came once or more.
#[derive(Default)]
struct Entry {
    alone: Option<Statement>,
    carrying: Option<Statement>,
}

impl Entry {
    fn of(&mut self, way: Way) -> &mut Option<Statement> {
        match way {
            Way::Alone => &mut self.alone,
            Way::Carrying => &mut self.carrying,
        }
    }
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
    pub(super) fn plan(&mut self, scope: &Scope, sql: &Sql, way: Way) -> Plan {
        self.clock += 1;
        let (key, version) = key(scope);
        let of_scope = self.scopes.entry(key).or_default();
        if of_scope.version != version {
            self.kept -= of_scope.entries.len();
            of_scope.entries.clear();
            of_scope.version = version;
        }
        of_scope.last_used = self.clock;
        if let Some(entry) = of_scope.entries.get_mut(sql.text()) {
            return entry.of(way).clone().map_or(Plan::Prepare, Plan::Prepared);
        }
        of_scope.entries.insert(sql.text(), Entry::default());
        self.kept += 1;
        self.make_room();
        Plan::Unprepared
    }

    /// Keeps a statement that was prepared under `scope`.
    pub(super) fn keep(&mut self, scope: &Scope, sql: &Sql, way: Way, statement: Statement) {
        let of_scope = self.scopes.get_mut(&key(scope).0);
        if let Some(entry) = of_scope.and_then(|of| of.entries.get_mut(sql.text())) {
            *entry.of(way) = Some(statement);
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
