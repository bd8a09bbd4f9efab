//! An export taken apart with ordinary tools, changed, and put together again.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

pub fn edit(at: &Path, change: impl Fn(&mut Value)) {
    let path = at.join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut manifest);
    fs::write(path, serde_json::to_vec(&manifest).unwrap()).unwrap();
}

/// An attacker who knows the format sums up anew.
pub fn edit_and_sum(at: &Path, change: impl Fn(&mut Value)) {
    edit(at, change);
    sum(at);
}

pub fn rewrite(at: &Path, table: &str, change: impl Fn(String) -> String) {
    repack_rows(at, table, change);
    sum(at);
}

pub fn repack_rows(at: &Path, table: &str, change: impl Fn(String) -> String) {
    let path = at.join(format!("tables/{table}.copy.gz"));
    let rows = run(at, "zcat", &[path.to_str().unwrap()]);
    let mut gz = GzEncoder::new(fs::File::create(path).unwrap(), Compression::fast());
    gz.write_all(change(rows).as_bytes()).unwrap();
    gz.finish().unwrap();
}

fn sum(at: &Path) {
    let sums = fs::read_to_string(at.join("SHA256SUMS")).unwrap();
    let names: Vec<&str> = sums.lines().map(|line| &line[66..]).collect();
    fs::write(at.join("SHA256SUMS"), run(at, "sha256sum", &names)).unwrap();
}

pub fn members(file: &Path) -> Vec<String> {
    let list = run(Path::new("/"), "tar", &["tf", file.to_str().unwrap()]);
    list.lines().map(str::to_owned).collect()
}

/// Packs the members in their order; one that was renamed takes its place.
pub fn pack(at: &Path, file: &Path, members: &[String]) {
    let present = members.iter().map(|member| {
        let renamed = member.replace("tables/", "tables/..");
        if fs::symlink_metadata(at.join(member)).is_ok() {
            member.clone()
        } else {
            renamed
        }
    });
    let present: Vec<String> = present.collect();
    let mut arguments = vec!["cf", file.to_str().unwrap(), "--format=ustar"];
    arguments.extend(present.iter().map(String::as_str));
    run(at, "tar", &arguments);
}

pub fn run(at: &Path, program: &str, arguments: &[&str]) -> String {
    let ran = Command::new(program)
        .args(arguments)
        .current_dir(at)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{program} {arguments:?}: {ran:?}");
    String::from_utf8(ran.stdout).unwrap()
}
