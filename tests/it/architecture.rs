//! Reads `src/` and holds the architecture's arrows: what may be named where, and how long a file may be.
//!
//! The rules are a table in `architecture/rules.rs`; a new rule is a new row there.

mod placement;
mod rules;
mod self_test;
mod source;
mod sql;

use rules::{Rule, rules};
use source::Source;

/// The longest file that needs no reason.
const MAX_LINES: usize = 400;
/// How a longer file gives its reason, in its `//!` header.
const REASON: &str = "//! Over 400 lines because ";

#[test]
fn source_keeps_to_the_architecture() {
    let sources = Source::read_all("src");
    assert!(!sources.is_empty(), "no .rs file found under src/");
    let violations: Vec<String> = rules()
        .iter()
        .flat_map(|rule| sources.iter().flat_map(|source| violations(rule, source)))
        .collect();
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

#[test]
fn long_files_give_a_reason() {
    let files = ["src", "tests"].into_iter().flat_map(source::files);
    let too_long: Vec<String> = files
        .filter_map(|(path, text)| too_long(&path, &text))
        .collect();
    assert!(too_long.is_empty(), "\n{}\n", too_long.join("\n"));
}

/// One line per place where `source` breaks `rule`: `file:line: what was found; the rule; what to do`.
fn violations(rule: &Rule, source: &Source) -> Vec<String> {
    if rule.allows(&source.path) {
        return Vec::new();
    }
    rule.matches(source)
        .into_iter()
        .map(|(line, found)| {
            let found = found.lines().next().unwrap_or_default();
            format!(
                "{}:{line}: `{found}` breaks the rule «{}»; {}",
                source.path, rule.name, rule.instead
            )
        })
        .collect()
}

fn too_long(path: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    let header = text.lines().take_while(|line| line.starts_with("//!"));
    let excused = header
        .filter_map(|line| line.strip_prefix(REASON))
        .any(|reason| !reason.trim().is_empty());
    (lines > MAX_LINES && !excused).then(|| {
        format!("{path}:1: {lines} lines, at most {MAX_LINES} expected; split it, or say why in its head: `{REASON}…`")
    })
}
