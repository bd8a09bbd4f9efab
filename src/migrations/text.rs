//! A migration's text may not end the transaction that it runs in: such a text is refused when it is loaded, as far as it can be told by reading
//! it, and sent so that PostgreSQL refuses it in any case.

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

/// What PostgreSQL says of a `COMMIT` in what is [`contained`], as far as it speaks English.
pub(super) const REFUSED: &str = "EXECUTE of transaction commands";
/// What that means to whoever wrote it.
pub(super) const TAKE_OUT: &str = "take BEGIN, COMMIT and ROLLBACK out of it";

/// `sql` as one statement in which PostgreSQL takes neither `COMMIT` nor `COPY` to or from the client, however they are hidden: both would leave something
/// behind that a rollback does not take back. Its errors name their place in `sql` itself.
pub(super) fn contained(sql: &str) -> String {
    let mut tag = "migration".to_owned();
    while sql.contains(&format!("{tag}$")) {
        tag.push('_');
    }
    format!("DO $in_{tag}$ BEGIN EXECUTE ${tag}${sql}\n${tag}$; END $in_{tag}$")
}

/// The first statement of `sql` that controls the transaction, in lower case; `None` where there is none to be seen.
pub(super) fn transaction_control(sql: &str) -> Option<&'static str> {
    let bare = bare(sql);
    // The body of an SQL function: its END would have to be told from another. PostgreSQL can.
    if bare.contains("begin atomic") {
        return None;
    }
    bare.split(';').find_map(|statement| {
        let words: Vec<&str> = statement.split_whitespace().take(2).collect();
        let start = words.join(" ");
        let found = |control: &&&str| start == **control || words.first() == Some(*control);
        CONTROL.iter().find(found).copied()
    })
}

/// Whether `sql` holds more than comments.
pub(super) fn has_statement(sql: &str) -> bool {
    bare(sql).contains(|c: char| !c.is_whitespace() && c != ';')
}

/// The text in lower case with comments, strings, quoted names and function bodies blanked out. What is left stands where it stood.
pub(super) fn bare(sql: &str) -> String {
    let mut rest = sql;
    let mut bare = String::with_capacity(sql.len());
    while let Some(next) = rest.chars().next() {
        // Whether a name goes on here, in which `$` begins nothing; and whether it is the E of a string with escapes.
        let in_name = bare.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$'));
        let skipped = if rest.starts_with("--") {
            until(rest, 2, &["\n", "\r"])
        } else if rest.starts_with("/*") {
            comment(rest)
        } else if next == '\'' && escapes(&bare) {
            escaped(rest)
        } else if next == '\'' || next == '"' {
            until(rest, 1, &[&next.to_string()])
        } else if let Some(tag) = dollar_tag(rest).filter(|_| !in_name) {
            until(rest, tag.len(), &[tag])
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

/// Bytes up to and with the next of `ends` after the first `from` bytes; all of them where there is none.
fn until(text: &str, from: usize, ends: &[&str]) -> usize {
    let found = ends.iter().filter_map(|end| {
        let at = text[from..].find(end)?;
        Some(from + at + end.len())
    });
    found.min().unwrap_or(text.len())
}

/// Whether what was read so far ends with the `E` of `E'it\'s'`.
fn escapes(bare: &str) -> bool {
    let before = bare.strip_suffix('e');
    before.is_some_and(|b| !b.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$')))
}

/// Bytes of a string in which a backslash takes the next character along.
fn escaped(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, next)) = characters.next() {
        let doubled = matches!(characters.peek(), Some((_, '\'')));
        match next {
            '\\' => drop(characters.next()),
            '\'' if doubled => drop(characters.next()),
            '\'' => return at + 1,
            _ => {}
        }
    }
    text.len()
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
    use super::{contained, has_statement, transaction_control};

    #[test]
    fn a_text_that_would_end_its_transaction_is_found() {
        for (sql, found) in [
            ("CREATE TABLE a (); COMMIT;", "commit"),
            ("begin; create table a ()", "begin"),
            ("/* x /* y */ */ Rollback", "rollback"),
            ("-- note\nSTART\n  TRANSACTION;", "start transaction"),
            ("SELECT 1;END", "end"),
            (r"INSERT INTO a VALUES (E'it\'s'); COMMIT; --'", "commit"),
            (r"INSERT INTO a VALUES ('\'); COMMIT; --'", "commit"),
            ("SELECT 1 AS a$b$c; COMMIT; SELECT 1 AS a$b$c", "commit"),
            ("-- x\rCOMMIT;", "commit"),
        ] {
            assert_eq!(transaction_control(sql), Some(found), "{sql}");
        }
    }

    #[test]
    fn comments_and_semicolons_are_no_statement() {
        for sql in ["", "-- SELECT 1;\n", "/* SELECT 1 */;\n;", "-- a\n\n"] {
            assert!(!has_statement(sql), "{sql}");
        }
        for sql in ["-- a\nSELECT 1", "SELECT 1;", "/* a */ DO $$ BEGIN END $$"] {
            assert!(has_statement(sql), "{sql}");
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
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END",
            r"SELECT E'\'; COMMIT; '",
            r"SELECT E'it''s\'; COMMIT; '",
            "",
        ] {
            assert_eq!(transaction_control(sql), None, "{sql}");
        }
    }

    #[test]
    fn a_text_cannot_leave_what_contains_it() {
        assert_eq!(
            contained("SELECT 1"),
            "DO $in_migration$ BEGIN EXECUTE $migration$SELECT 1\n$migration$; END $in_migration$"
        );
        for hostile in ["$migration$", "$in_migration$", "$migration_$ $migration$"] {
            let text = contained(hostile);
            let tag = text.rsplit("END ").next().unwrap();
            assert_eq!(text.matches(tag).count(), 2, "{text}");
            assert_eq!(text.matches(&tag.replace("in_", "")).count(), 2, "{text}");
        }
    }
}
