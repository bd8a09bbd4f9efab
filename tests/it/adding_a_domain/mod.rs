//! Follows `docs/adding-a-domain.md` to the letter, in a copy of this crate, and runs the test that the page ends with.
//!
//! The copy borrows the dependencies that are built already (hard links), so it compiles this crate alone, and keeps out of our own build.

mod page;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PAGE: &str = include_str!("../../../docs/adding-a-domain.md");

/// The copy's only tests: what the page says, and that the arrows of the architecture still hold.
const TESTS: &str = "//! Follows the page.\nmod architecture;\nmod notes;\n";

#[test]
fn the_page_about_a_new_domain_gives_one_that_works() {
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let copy = place.path().join("crate");
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    for part in [
        "Cargo.toml",
        "askama.toml",
        "Cargo.lock",
        "askama.toml",
        "src",
        "migrations",
        "benches",
        "tests/it/architecture",
        "tests/it/architecture.rs",
    ] {
        copy_all(&repository.join(part), &copy.join(part));
    }
    fs::write(copy.join("tests/it/main.rs"), TESTS).unwrap();

    for step in page::steps(PAGE) {
        step.follow(&copy);
    }

    let target = place.path().join("target");
    lend_dependencies(&target);
    let cargo = std::env::var_os("CARGO").expect("cargo sets CARGO for tests");
    let outcome = Command::new(cargo)
        .current_dir(&copy)
        .args([
            "test",
            "--test=it",
            "--locked",
            "--offline",
            "--color=never",
        ])
        .env("CARGO_TARGET_DIR", &target)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&outcome.stdout).into_owned()
        + &String::from_utf8_lossy(&outcome.stderr);
    assert!(outcome.status.success(), "{said}");
    assert!(
        said.contains("notes::a_member_reads_their_own_note_and_nobody_elses ... ok"),
        "{said}"
    );
    assert!(!said.contains("warning:"), "{said}");
}

/// Links what cargo has built for us into `target`.
fn lend_dependencies(target: &Path) {
    let exe = std::env::current_exe().unwrap();
    let built = exe.parent().and_then(Path::parent).unwrap();
    let profile = target.join(built.file_name().unwrap());
    for part in ["deps", "build", ".fingerprint"] {
        link_all(&built.join(part), &profile.join(part));
    }
}

fn link_all(from: &Path, to: &Path) {
    each_file(from, to, &|from, to| {
        // Another test's cargo may take a file away meanwhile.
        let _ = fs::hard_link(from, to);
    });
}

fn copy_all(from: &Path, to: &Path) {
    each_file(from, to, &|from, to| {
        fs::copy(from, to).unwrap();
    });
}

fn each_file(from: &Path, to: &Path, act: &dyn Fn(&Path, &Path)) {
    if !from.is_dir() {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        return act(from, to);
    }
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let name: PathBuf = entry.file_name().into();
        each_file(&entry.path(), &to.join(name), act);
    }
}
