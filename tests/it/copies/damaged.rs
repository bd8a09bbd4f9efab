//! Files that are no export, or not a whole one, or one that somebody has touched: each is refused with its reason, and leaves nothing.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::fixture::{Acme, inventory};
use super::repacked::{edit, edit_and_sum, members, pack, repack_rows, rewrite, run};

/// What is done to the unpacked export, and what the refusal says.
type Case = (&'static str, fn(&Path), &'static str);

const CASES: &[Case] = &[
    (
        "a changed row",
        |at| repack_rows(at, "users", |rows| rows.replace("bob@", "rob@")),
        "not those that SHA256SUMS tells of",
    ),
    (
        "a changed manifest",
        |at| edit(at, |m| m["tenant"]["name"] = json!("Evil")),
        "not those that SHA256SUMS tells of",
    ),
    (
        "a newer format",
        |at| edit(at, |m| m["format"] = json!(2)),
        "expected an export of format 1, got format 2",
    ),
    (
        "an unknown field",
        |at| edit(at, |m| m["more"] = json!(1)),
        "unknown field `more`",
    ),
    (
        "a newer schema",
        |at| edit(at, |m| m["schema"]["version"] = json!(9999)),
        "newer than this program's",
    ),
    (
        "other migrations",
        |at| edit(at, |m| m["schema"]["checksum"] = json!("00")),
        "are not those of this program",
    ),
    (
        "another structure",
        |at| edit_and_sum(at, |m| m["schema"]["structure"] = json!("00")),
        "the sums of the structures differ",
    ),
    (
        "a table of PostgreSQL's",
        |at| edit(at, |m| m["tables"][0]["name"] = json!("pg_authid")),
        "expected the table",
    ),
    (
        "a table that is left behind",
        |at| edit(at, |m| m["tables"][0]["name"] = json!("sessions")),
        "expected the table",
    ),
    (
        "a table's name as SQL",
        |at| {
            edit(at, |m| {
                m["tables"][0]["name"] = json!("users\"; DROP SCHEMA public; --");
            });
        },
        "expected the table",
    ),
    (
        "a column's name as SQL",
        |at| {
            edit(at, |m| {
                m["tables"][0]["columns"][0] = json!("id) FROM PROGRAM 'id' --");
            });
        },
        "expected the table",
    ),
    (
        "a sequence's name as SQL",
        |at| {
            edit_and_sum(at, |m| {
                m["sequences"] = json!([{ "name": "a'; DROP", "last": 1 }]);
            });
        },
        "there is no sequence",
    ),
    (
        "a table less",
        |at| edit(at, |m| drop(m["tables"].as_array_mut().unwrap().pop())),
        "expected 9 tables, got 8",
    ),
    (
        "more rows promised",
        |at| edit_and_sum(at, |m| m["tables"][2]["rows"] = json!(1_000_000)),
        "rows in the table `features`",
    ),
    (
        "values of another shape",
        |at| rewrite(at, "users", |_| "1\t2\n".to_owned()),
        "the rows are refused: users: ERROR: invalid input syntax",
    ),
    (
        "a value too few",
        |at| rewrite(at, "users", |rows| rows.replace('\t', "")),
        "the rows are refused: users",
    ),
    (
        "keys to nobody",
        |at| {
            edit(at, |m| m["tables"][8]["rows"] = json!(0));
            rewrite(at, "users", |_| String::new());
        },
        "the rows are refused: together: ERROR: insert or update on table",
    ),
    (
        "an audit log without its end",
        |at| {
            edit(at, |m| m["tables"][0]["rows"] = json!(0));
            rewrite(at, "audit_head", |_| String::new());
        },
        "the rows are refused: audit_log: ERROR: query returned no rows",
    ),
    (
        "an operator",
        |at| rewrite(at, "users", |rows| rows.replace("auditor", "super_admin")),
        "has the role super_admin",
    ),
    (
        "a member with a path",
        |at| {
            fs::rename(
                at.join("tables/users.copy.gz"),
                at.join("tables/..users.copy.gz"),
            )
            .unwrap();
        },
        "expected the member `tables/users.copy.gz`",
    ),
    (
        "a link",
        |at| {
            fs::remove_file(at.join("tables/users.copy.gz")).unwrap();
            std::os::unix::fs::symlink("/etc/passwd", at.join("tables/users.copy.gz")).unwrap();
        },
        "expected the member `tables/users.copy.gz`",
    ),
    (
        "no rows but a text",
        |at| fs::write(at.join("tables/users.copy.gz"), "not gzip").unwrap(),
        "cannot be unpacked",
    ),
    (
        "something behind the rows",
        |at| {
            fs::OpenOptions::new()
                .append(true)
                .open(at.join("tables/users.copy.gz"))
                .unwrap()
                .write_all(b"more")
                .unwrap();
        },
        "cannot be unpacked",
    ),
];

#[tokio::test]
async fn a_file_that_somebody_has_touched_is_refused_and_leaves_nothing() {
    let acme = Acme::new().await;
    let place = tempfile::tempdir().unwrap();
    let whole = place.path().join("acme.tar");
    acme.export(&whole);
    let before = inventory(&acme.sql).await;
    let mut wrong = Vec::new();
    for (name, touch, words) in CASES {
        let unpacked = tempfile::tempdir_in(place.path()).unwrap();
        run(unpacked.path(), "tar", &["xf", whole.to_str().unwrap()]);
        let members = members(&whole);
        touch(unpacked.path());
        let file = place.path().join("touched.tar");
        pack(unpacked.path(), &file, &members);
        let ran = acme
            .program
            .run(&format!("tenant import {} --slug evil", file.display()));
        if ran.code != Some(1) || !ran.err.contains(words) {
            wrong.push(format!("{name}: {:?} {}", ran.code, ran.err));
        }
        assert_eq!(inventory(&acme.sql).await, before, "{name} left something");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    acme.program
        .run(&format!("tenant import {} --slug fine", whole.display()))
        .expect(0);
}

#[tokio::test]
async fn a_file_that_was_cut_anywhere_is_refused() {
    let acme = Acme::new().await;
    let place = tempfile::tempdir().unwrap();
    let whole = place.path().join("acme.tar");
    acme.export(&whole);
    let before = inventory(&acme.sql).await;
    let bytes = fs::read(&whole).unwrap();
    let cut = place.path().join("cut.tar");
    for part in [
        0,
        1,
        511,
        600,
        bytes.len() / 3,
        bytes.len() / 2,
        bytes.len() - 3000,
    ] {
        fs::write(&cut, &bytes[..part]).unwrap();
        let ran = acme
            .program
            .run(&format!("tenant import {} --slug evil", cut.display()));
        assert!(
            ran.err.contains("the file is no whole export"),
            "{part}: {}",
            ran.err
        );
        assert_eq!(ran.code, Some(1), "{part}");
    }
    fs::write(&cut, "# Not an export\n".repeat(100)).unwrap();
    let text = acme
        .program
        .run(&format!("tenant import {} --slug evil", cut.display()))
        .expect(1)
        .err;
    assert!(text.contains("it is no tar archive"), "{text}");
    assert!(!text.contains("# Not an export"), "{text}");
    for (path, words) in [
        ("/dev/zero", "expected a plain file"),
        ("/nowhere", "No such file"),
    ] {
        let ran = acme
            .program
            .run(&format!("tenant import {path} --slug evil"))
            .expect(1);
        assert!(ran.err.contains(words), "{}", ran.err);
    }
    assert_eq!(inventory(&acme.sql).await, before);
}

#[tokio::test]
async fn a_small_file_that_unpacks_to_very_much_is_stopped() {
    let acme = Acme::new().await;
    let place = tempfile::tempdir().unwrap();
    let whole = place.path().join("acme.tar");
    acme.export(&whole);
    let unpacked = tempfile::tempdir_in(place.path()).unwrap();
    run(unpacked.path(), "tar", &["xf", whole.to_str().unwrap()]);
    let mut bomb = GzEncoder::new(
        fs::File::create(unpacked.path().join("tables/audit_head.copy.gz")).unwrap(),
        Compression::best(),
    );
    let zeros = vec![b'0'; 1 << 20];
    for _ in 0..200 {
        bomb.write_all(&zeros).unwrap();
    }
    bomb.finish().unwrap();
    let file = place.path().join("bomb.tar");
    pack(unpacked.path(), &file, &members(&whole));
    let line = format!(
        "tenant import {} --slug evil --max-bytes 10000000",
        file.display()
    );
    let refused = acme.program.run(&line).expect(1);
    assert!(
        refused.err.contains("more than 10000000 bytes of rows"),
        "{}",
        refused.err
    );
}
