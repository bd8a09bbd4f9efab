//! Migrations that PostgreSQL refuses in a transaction: a file with `-- no-transaction` and one statement.
//!
//! Invariant: running one again after it was killed half way does no harm; a text for which that is not so is refused when it is loaded.

use super::text;
use crate::tenancy::{SchemaName, quote_literal};

/// On a line of its own in a migration's text.
pub(super) const HEADER: &str = "-- no-transaction";

/// A migration that runs outside of transactions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// The index that it builds. One that was left half-built is dropped before the next try.
    pub builds: Option<String>,
    /// What does the same in a transaction, with a lock on the table until its end: for one that has the schema for itself, such as the one
    /// that makes a tenant, and for a dry run; `None`: nothing is to be done.
    pub in_transaction: Option<String>,
}

impl Outside {
    /// The index that it builds, with its schema, and the query that finds it where an earlier try left it half-built: it is there, is
    /// kept up to date, and serves nobody.
    pub(super) fn half_built(&self, schema: &SchemaName) -> Option<(String, String)> {
        let name = self.builds.as_ref()?;
        // A plain name: nothing else passes when migrations are loaded.
        let index = format!("{}.{name}", schema.quoted());
        let query = format!(
            "SELECT 1 FROM pg_catalog.pg_index WHERE indexrelid = to_regclass({}) AND NOT indisvalid",
            quote_literal(&index)
        );
        Some((index, query))
    }
}

/// Reads a migration's text: whether it wants no transaction, and if so, how it runs.
///
/// # Errors
/// Why such a text is refused.
pub(super) fn read(sql: &str) -> Result<Option<Outside>, &'static str> {
    let bare = text::bare(sql);
    let statements = statements(&bare);
    if !has_header(sql) {
        if statements.iter().any(|words| needs_none(words)) {
            return Err(
                "it holds a statement that PostgreSQL refuses in a transaction; give that a file of its own, \
                 with `-- no-transaction` on a line of its own",
            );
        }
        return Ok(None);
    }
    let [words] = &statements[..] else {
        return Err("without a transaction, a file holds exactly one statement");
    };
    let without_the_word = || {
        let at = bare.find("concurrently")?;
        Some(format!("{}{}", &sql[..at], &sql[at + 12..]))
    };
    match words[..] {
        [
            "create",
            "index",
            "concurrently",
            "if",
            "not",
            "exists",
            name,
            "on",
            ..,
        ]
        | [
            "create",
            "unique",
            "index",
            "concurrently",
            "if",
            "not",
            "exists",
            name,
            "on",
            ..,
        ] if is_plain(name) => Ok(Some(Outside {
            builds: Some(name.to_owned()),
            in_transaction: without_the_word(),
        })),
        ["drop", "index", "concurrently", "if", "exists", ..] => Ok(Some(Outside {
            builds: None,
            in_transaction: without_the_word(),
        })),
        ["vacuum", ..] if !words.iter().any(|word| word.contains("full")) => Ok(Some(Outside {
            builds: None,
            in_transaction: None,
        })),
        _ => Err(
            "without a transaction, one of these can be repeated safely, and nothing else runs: \
             CREATE [UNIQUE] INDEX CONCURRENTLY IF NOT EXISTS name ON …, with a plain name; \
             DROP INDEX CONCURRENTLY IF EXISTS …; VACUUM without FULL",
        ),
    }
}

/// Whether a text asks for no transaction, by the header or by a statement that PostgreSQL refuses in one.
pub(super) fn is_needed(sql: &str) -> bool {
    has_header(sql)
        || statements(&text::bare(sql))
            .iter()
            .any(|words| needs_none(words))
}

fn has_header(sql: &str) -> bool {
    sql.lines().any(|line| line.trim() == HEADER)
}

/// The words of each statement of a text that is bare.
fn statements(bare: &str) -> Vec<Vec<&str>> {
    bare.split(';')
        .map(|statement| statement.split_whitespace().collect())
        .filter(|words: &Vec<&str>| !words.is_empty())
        .collect()
}

fn needs_none(words: &[&str]) -> bool {
    matches!(words[..], ["vacuum", ..])
        || matches!(words[0], "create" | "drop" | "reindex") && words.contains(&"concurrently")
}

/// Needs no quotes, so that it names the same index in the catalog.
fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && name.len() <= 63
}

#[cfg(test)]
mod tests {
    use super::{Outside, read};

    #[test]
    fn index_is_built_plainly_in_a_new_schema() {
        let sql = "-- Finds them; concurrently.\n-- no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS notes_by_name\nON notes (name);\n";
        let outside = read(sql).unwrap().unwrap();
        assert_eq!(outside.builds.as_deref(), Some("notes_by_name"));
        let plain = outside.in_transaction.unwrap();
        assert!(
            plain.ends_with("CREATE UNIQUE INDEX  IF NOT EXISTS notes_by_name\nON notes (name);\n"),
            "{plain}"
        );
    }

    #[test]
    fn vacuum_does_nothing_in_a_new_schema() {
        let vacuum = read("-- no-transaction\nVACUUM (ANALYZE) notes");
        let nothing = Outside {
            builds: None,
            in_transaction: None,
        };
        assert_eq!(vacuum, Ok(Some(nothing)));
    }

    #[test]
    fn ordinary_migrations_stay_in_their_transaction() {
        for sql in [
            "CREATE INDEX notes_by_name ON notes (name)",
            "INSERT INTO notes VALUES ('VACUUM; create index concurrently')",
            "-- no-transaction is not wanted here\nSELECT 1",
            "ALTER TABLE notes ADD COLUMN concurrently boolean",
            "",
        ] {
            assert_eq!(read(sql), Ok(None), "{sql}");
        }
    }

    #[test]
    fn what_cannot_be_repeated_is_refused() {
        for (sql, word) in [
            (
                "CREATE INDEX CONCURRENTLY IF NOT EXISTS a ON b (c)",
                "on a line of its own",
            ),
            ("SELECT 1; VACUUM", "on a line of its own"),
            ("-- no-transaction\nVACUUM; VACUUM", "exactly one"),
            ("-- no-transaction\n", "exactly one"),
            (
                "-- no-transaction\nCREATE INDEX CONCURRENTLY a ON b (c)",
                "IF NOT EXISTS",
            ),
            (
                "-- no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS \"A\" ON b (c)",
                "plain name",
            ),
            ("-- no-transaction\nDROP INDEX CONCURRENTLY a", "IF EXISTS"),
            ("-- no-transaction\nVACUUM (FULL) a", "without FULL"),
            ("-- no-transaction\nCREATE TABLE a ()", "nothing else"),
        ] {
            let refused = read(sql).unwrap_err();
            assert!(refused.contains(word), "{sql}: {refused}");
        }
    }
}
