//! The checks can fail: each rule is shown a source that breaks it, and the same source where it is allowed.

use super::{MAX_LINES, REASON, Source, rules, source, too_long, violations};

/// The repository-relative path of a file that does not exist, in a place where no rule makes an exception.
const NOWHERE: &str = "src/made_up/file.rs";

#[test]
fn every_rule_catches_a_violation_and_names_its_line() {
    for rule in rules() {
        for example in rule.examples() {
            let path = rule.forbidden_path(NOWHERE);
            let source = Source::parse(
                &path,
                &format!("//! A header.\n\nfn f() {{ {example}; }}\n"),
            );
            let found = violations(&rule, &source);
            assert_eq!(
                found.len(),
                1,
                "«{}» on `{example}` in {path}: {found:?}",
                rule.name
            );
            assert!(found[0].starts_with(&format!("{path}:3: ")), "{found:?}");
        }
    }
}

#[test]
fn no_rule_fires_where_it_makes_an_exception() {
    for rule in rules() {
        let text = format!("fn f() {{ {}; }}", rule.examples().join("; "));
        for path in rule.allowed_paths(NOWHERE) {
            let found = violations(&rule, &Source::parse(&path, &text));
            assert_eq!(found, Vec::<String>::new(), "«{}» in {path}", rule.name);
        }
    }
}

#[test]
fn a_name_is_found_however_it_is_imported() {
    let imports = [
        "use std::env;",
        "use std::{fs, env};",
        "use std::{fs, env::{self, var}};",
        "use ::std::env::var as read;",
        "fn f() { info!(home = ?std::env::var(\"HOME\")); }",
    ];
    for text in imports {
        assert!(
            !all_violations(NOWHERE, text).is_empty(),
            "not caught: {text}"
        );
    }
}

#[test]
fn a_relative_path_is_no_way_around_an_arrow() {
    for path in ["src/domains/users.rs", "src/domains/users/mod.rs"] {
        let found = all_violations(path, "use super::super::api::users;");
        assert_eq!(found.len(), 1, "in {path}: {found:?}");
    }
}

#[test]
fn comments_messages_and_test_modules_are_free() {
    let text = r#"
        //! poem::Route, SELECT 1 FROM users
        /// SELECT id FROM users
        // std::env::var
        fn f() { log("set std::env::var first, or delete from the list"); }
        #[cfg(test)]
        mod tests { use poem::Route; const SQL: &str = "SELECT 1"; }
        #[cfg(test)]
        #[test]
        fn t() -> u8 { std::env::var("X") }
    "#;
    assert_eq!(all_violations(NOWHERE, text), Vec::<String>::new());
}

#[test]
fn a_file_that_only_tests_use_is_known_by_its_declaration() {
    let text = "mod model;\n#[cfg(test)]\nmod fixtures;\n#[cfg(test)]\nmod tests { mod inner; }";
    let found = source::test_modules("src/domains/users/mod.rs", text);
    assert_eq!(found, ["src/domains/users/fixtures/"]);
}

#[test]
fn what_follows_a_test_module_is_still_read() {
    let text = "#[cfg(test)]\nmod tests { }\nuse poem::Route;\n#[cfg(any(test, feature = \"testkit\"))]\nuse poem::get;";
    let found = all_violations(NOWHERE, text);
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn a_long_file_needs_a_reason_that_says_something() {
    let body = "\n".repeat(MAX_LINES + 1);
    assert!(too_long(NOWHERE, &body).is_some());
    assert!(
        too_long(NOWHERE, &format!("{REASON}\n{body}")).is_some(),
        "an empty reason is none"
    );
    assert!(too_long(NOWHERE, &format!("{REASON}it is a table.\n{body}")).is_none());
    assert!(too_long(NOWHERE, &"\n".repeat(MAX_LINES)).is_none());
}

fn all_violations(path: &str, text: &str) -> Vec<String> {
    let source = Source::parse(path, text);
    rules()
        .iter()
        .flat_map(|rule| violations(rule, &source))
        .collect()
}
