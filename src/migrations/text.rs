//! Reads a migration's text as far as needed to see whether it would end the transaction that it runs in.

/// What starts, ends or marks a transaction; a migration leaves that to the migrator.
const CONTROL: &[&str] = &[
    "abort",
    "begin",
    "commit",
    "end",
    "prepare transaction",
    "release",
    "rollback",
    "savepoint",
    "start transaction",
];

/// The first statement of `sql` that controls the transaction, in lower case; `None` where there is none.
pub(super) fn transaction_control(sql: &str) -> Option<&'static str> {
    bare(sql).split(';').find_map(|statement| {
        let words: Vec<&str> = statement.split_whitespace().take(2).collect();
        let start = words.join(" ");
        let found = |control: &&&str| start == **control || words.first() == Some(*control);
        CONTROL.iter().find(found).copied()
    })
}

/// The text in lower case with comments, strings, quoted names and function bodies blanked out. What is left stands where it stood.
pub(super) fn bare(sql: &str) -> String {
    let mut rest = sql;
    let mut bare = String::with_capacity(sql.len());
    while let Some(next) = rest.chars().next() {
        let skipped = if rest.starts_with("--") {
            until(rest, 2, "\n")
        } else if rest.starts_with("/*") {
            comment(rest)
        } else if next == '\'' || next == '"' {
            until(rest, 1, &next.to_string())
        } else if let Some(tag) = dollar_tag(rest) {
            until(rest, tag.len(), tag)
        } else {
            bare.push(next.to_ascii_lowercase());
            rest = &rest[next.len_utf8()..];
            continue;
        };
        bare.extend(std::iter::repeat_n(' ', skipped));
        rest = &rest[skipped..];
    }
    bare
}

/// Bytes up to and with the next `end` after the first `from` bytes; all of them where there is none.
fn until(text: &str, from: usize, end: &str) -> usize {
    text[from..]
        .find(end)
        .map_or(text.len(), |at| from + at + end.len())
}

/// PostgreSQL's comments nest.
fn comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// `$$` or `$body$` at the start of `text`.
fn dollar_tag(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('$')?;
    let end = inner.find('$')?;
    let tag = &inner[..end];
    let named = tag.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !tag.starts_with(|c: char| c.is_ascii_digit());
    named.then(|| &text[..end + 2])
}

#[cfg(test)]
mod tests {
    use super::transaction_control;

    #[test]
    fn a_text_that_would_end_its_transaction_is_found() {
        for (sql, found) in [
            ("CREATE TABLE a (); COMMIT;", "commit"),
            ("begin; create table a ()", "begin"),
            ("/* x /* y */ */ Rollback", "rollback"),
            ("-- note\nSTART\n  TRANSACTION;", "start transaction"),
            ("SELECT 1;END", "end"),
        ] {
            assert_eq!(transaction_control(sql), Some(found), "{sql}");
        }
    }

    #[test]
    fn words_in_bodies_strings_names_and_comments_are_no_control() {
        for sql in [
            "DO $$ BEGIN PERFORM 1; END $$;",
            "CREATE FUNCTION f() RETURNS void AS $body$ BEGIN; COMMIT; $body$ LANGUAGE sql",
            "INSERT INTO a VALUES ('x; COMMIT; it''s; COMMIT')",
            "CREATE TABLE \"a; commit\" ()",
            "-- COMMIT;\n/* ; COMMIT; */ SELECT 1",
            "ALTER TABLE commits ADD begin_at date",
            "",
        ] {
            assert_eq!(transaction_control(sql), None, "{sql}");
        }
    }
}
