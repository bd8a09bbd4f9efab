//! Prepared statements of one connection, kept per (scope, text) and bounded.
//!
//! PostgreSQL plans a statement anew whenever the `search_path` differs from the one it was planned under, so one kept per tenant is
//! planned once. A text is prepared when it comes a second time: what a tenant asks once is not worth a server-side statement.

use std::collections::HashMap;

use tokio_postgres::Statement;

use super::scope::Scope;
use super::sql::Sql;

/// Statements kept on one connection; each costs its backend some 10 kB.
const MAX_KEPT: usize = 512;

enum Entry {
    SeenOnce,
    Prepared(Statement),
}

#[derive(Default)]
struct OfScope {
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
    scopes: HashMap<Scope, OfScope>,
    kept: usize,
    clock: u64,
}

impl Statements {
    /// Looks the text up, and notes that it came.
    pub(super) fn plan(&mut self, scope: &Scope, sql: &Sql) -> Plan {
        self.clock += 1;
        if !self.scopes.contains_key(scope) {
            self.scopes.insert(scope.clone(), OfScope::default());
        }
        let Some(of_scope) = self.scopes.get_mut(scope) else {
            return Plan::Unprepared;
        };
        of_scope.last_used = self.clock;
        match of_scope.entries.get(sql.text()) {
            Some(Entry::Prepared(statement)) => Plan::Prepared(statement.clone()),
            Some(Entry::SeenOnce) => Plan::Prepare,
            None => {
                of_scope.entries.insert(sql.text(), Entry::SeenOnce);
                self.kept += 1;
                self.make_room(scope);
                Plan::Unprepared
            }
        }
    }

    /// Keeps a statement that was prepared under `scope`.
    pub(super) fn keep(&mut self, scope: &Scope, sql: &Sql, statement: Statement) {
        if let Some(of_scope) = self.scopes.get_mut(scope) {
            of_scope
                .entries
                .insert(sql.text(), Entry::Prepared(statement));
        }
    }

    /// Forgets a scope's statements: its tables have changed shape.
    pub(super) fn forget(&mut self, scope: &Scope) {
        if let Some(of_scope) = self.scopes.remove(scope) {
            self.kept -= of_scope.entries.len();
        }
    }

    /// Drops whole scopes, the one longest unused first, but never the one at work.
    fn make_room(&mut self, at_work: &Scope) {
        while self.kept > MAX_KEPT {
            let oldest = self
                .scopes
                .iter()
                .filter(|(scope, _)| *scope != at_work)
                .min_by_key(|(_, of_scope)| of_scope.last_used)
                .map(|(scope, _)| scope.clone());
            match oldest {
                Some(scope) => self.forget(&scope),
                None => return,
            }
        }
    }
}
