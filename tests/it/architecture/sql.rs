//! Tells SQL from prose in a string literal.
//!
//! Keywords that are also English words count in capitals only, which is how this repository writes SQL.

/// One of each kind that must be recognised; the self-test puts every one of them into a source.
pub const STATEMENTS: &[&str] = &[
    "SELECT 1",
    "select id from users",
    "  (SELECT id FROM users)",
    "/* users.list */ SELECT id",
    "-- users.list\nSELECT id",
    "insert into users (id) values ($1)",
    "UPDATE users SET name = $1",
    "delete from users where id = $1",
    "WITH page AS (SELECT 1) SELECT 1",
    "CREATE TABLE users ()",
    "SET LOCAL search_path = ''",
    "COMMIT",
    "queries/users.sql",
];

/// Statements that only a session or the schema's owner has any business with.
const CAPITALS_ONLY: &[&str] = &[
    "ALTER",
    "ANALYZE",
    "BEGIN",
    "CALL",
    "CLUSTER",
    "COMMENT",
    "COMMIT",
    "COPY",
    "CREATE",
    "DECLARE",
    "DISCARD",
    "DO",
    "DROP",
    "EXECUTE",
    "EXPLAIN",
    "FETCH",
    "GRANT",
    "LISTEN",
    "LOCK",
    "MERGE",
    "NOTIFY",
    "PREPARE",
    "REASSIGN",
    "REFRESH",
    "REINDEX",
    "RELEASE",
    "RESET",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SELECT",
    "SET",
    "SHOW",
    "START",
    "TRUNCATE",
    "UNLISTEN",
    "VACUUM",
    "VALUES",
];

pub fn is_statement(text: &str) -> bool {
    let text = without_leading_comments(text).trim_start_matches('(');
    let mut words = text.split_whitespace();
    let (first, second) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let lower = text.to_lowercase();
    let has = |word: &str| lower.split_whitespace().any(|found| found == word);
    match first.trim_end_matches(';').to_lowercase().as_str() {
        "insert" => second.eq_ignore_ascii_case("into"),
        "delete" => second.eq_ignore_ascii_case("from") && (first == "DELETE" || has("where")),
        "update" => has("set"),
        "with" => lower.contains(" as (") || lower.contains(" as materialized ("),
        "select" => first == "SELECT" || has("from"),
        _ => CAPITALS_ONLY.contains(&first.trim_end_matches(';')) || is_sql_file(text),
    }
}

fn is_sql_file(text: &str) -> bool {
    std::path::Path::new(text)
        .extension()
        .is_some_and(|extension| extension == "sql")
}

fn without_leading_comments(text: &str) -> &str {
    let text = text.trim_start();
    let rest = text
        .strip_prefix("/*")
        .and_then(|comment| comment.split_once("*/"))
        .or_else(|| {
            text.strip_prefix("--")
                .and_then(|comment| comment.split_once('\n'))
        });
    rest.map_or(text, |(_, rest)| without_leading_comments(rest))
}

#[test]
fn prose_is_not_taken_for_sql() {
    let prose = [
        "DELETE",
        "delete from the list what you do not need",
        "select a tenant",
        "create the role first",
        "insert a row",
        "update failed",
        "with a token",
        "GET /users",
        "",
    ];
    for text in prose {
        assert!(!is_statement(text), "taken for SQL: {text}");
    }
}
