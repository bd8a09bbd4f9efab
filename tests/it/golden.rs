//! Golden files: what is made here must be what a reviewer has read. `UPDATE_GOLDEN=1` writes them anew.

use std::fs;
use std::path::Path;

/// Compares `text` with the file, a path below `tests/it`.
#[track_caller]
pub fn expect(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it")
        .join(file);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, text).unwrap();
        return;
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    if known == text {
        return;
    }
    let line = known.lines().zip(text.lines()).take_while(|(a, b)| a == b);
    let line = line.count();
    let at = |text: &str| {
        text.lines()
            .nth(line)
            .unwrap_or("(the end of the file)")
            .to_owned()
    };
    panic!(
        "tests/it/{file}:{}: the file says\n  {}\nbut it is now\n  {}\nif that is meant, run the tests with UPDATE_GOLDEN=1 and review the change",
        line + 1,
        at(&known),
        at(text),
    );
}
