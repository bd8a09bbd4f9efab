//! The text of a statement, known at compile time, that can read and write rows and nothing else.
//!
//! Invariant: a [`Sql`] cannot change the connection that it runs on. `BEGIN`, `SET`, `CREATE TEMP TABLE`, `set_config` and a second
//! statement after a semicolon do not compile.

/// A named statement. Parameters are `$1`, `$2`, …
///
/// ```
/// use tenantry::tenancy::Sql;
/// const FIND: Sql = Sql::new("projects.find", "SELECT id, name FROM projects WHERE id = $1");
/// ```
///
/// ```compile_fail
/// use tenantry::tenancy::Sql;
/// const LEAK: Sql = Sql::new("leak", "SET search_path TO other");
/// ```
///
/// ```compile_fail
/// use tenantry::tenancy::Sql;
/// const LEAK: Sql = Sql::new("leak", "SELECT set_config('role', 'other', false)");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Sql {
    name: &'static str,
    text: &'static str,
}

impl Sql {
    /// A statement with the name that logs and traces show, as `slice.verb`. Meant for `const` items, where a refused text is a
    /// compile error.
    ///
    /// # Panics
    /// When the text is more than a plain `SELECT`, `INSERT`, `UPDATE`, `DELETE` or `WITH`; in a `const` this does not compile.
    pub const fn new(name: &'static str, text: &'static str) -> Self {
        assert!(
            starts_like_a_row_statement(text.as_bytes()),
            "a statement starts with SELECT, INSERT, UPDATE, DELETE or WITH"
        );
        let mut i = 0;
        while i < FORBIDDEN.len() {
            assert!(
                !contains(text.as_bytes(), FORBIDDEN[i].as_bytes()),
                "a statement must not change its connection: no `;`, set_config, pg_settings, session locks, INTO TEMP"
            );
            i += 1;
        }
        Self { name, text }
    }

    /// The name for logs, for example `projects.find`.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The text for PostgreSQL.
    pub const fn text(&self) -> &'static str {
        self.text
    }
}

const VERBS: &[&str] = &["select ", "insert ", "update ", "delete ", "with "];

/// Lower case: the comparison ignores case.
const FORBIDDEN: &[&str] = &[
    ";",
    "set_config",
    "tenant_scope",
    "pg_settings",
    "pg_advisory_lock",
    "pg_try_advisory_lock",
    "into temp",
    "dblink",
];

const fn starts_like_a_row_statement(text: &[u8]) -> bool {
    let mut i = 0;
    while i < VERBS.len() {
        if matches_at(text, VERBS[i].as_bytes(), 0) {
            return true;
        }
        i += 1;
    }
    false
}

const fn contains(text: &[u8], word: &[u8]) -> bool {
    let mut at = 0;
    while at + word.len() <= text.len() {
        if matches_at(text, word, at) {
            return true;
        }
        at += 1;
    }
    false
}

const fn matches_at(text: &[u8], word: &[u8], at: usize) -> bool {
    if at + word.len() > text.len() {
        return false;
    }
    let mut i = 0;
    while i < word.len() {
        let c = text[at + i].to_ascii_lowercase();
        let c = if c == b'\n' || c == b'\t' { b' ' } else { c };
        if c != word[i] {
            return false;
        }
        i += 1;
    }
    true
}
