//! The one place that prints. A closed pipe (`tenantry tenant list | head -1`) ends quietly.

use std::io::{self, Write};

use serde::Serialize;

/// A result, to standard output.
pub(super) fn say(text: &str) {
    write(&mut io::stdout().lock(), text);
}

/// Anything that is no result, to standard error.
pub(super) fn complain(text: &str) {
    write(&mut io::stderr().lock(), text);
}

/// A result as JSON.
pub(super) fn say_json(value: &impl Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => say(&text),
        Err(error) => complain(&format!("error: the result is no JSON: {error}")),
    }
}

/// Rows in columns as wide as they must be.
pub(super) fn say_table(head: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.chars().count()).max();
        widest.unwrap_or(0).max(head[column].chars().count())
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded = cells
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    say(&line(&mut head.iter().copied()));
    for row in rows {
        say(&line(&mut row.iter().map(String::as_str)));
    }
}

fn write(to: &mut impl Write, text: &str) {
    // Nobody is left to tell when this fails.
    let _ = writeln!(to, "{text}");
}
