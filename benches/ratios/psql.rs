//! The other side of rows 5 and 6: `psql` runs scripts, as many at once as there are.

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tempfile::NamedTempFile;
use tenantry::config::DatabaseUrl;
use tokio::process::Command;

/// The time from the start of the first `psql` to the end of the last.
pub(crate) async fn run(url: &DatabaseUrl, scripts: &[String]) -> Duration {
    let files: Vec<NamedTempFile> = scripts.iter().map(|script| file(script)).collect();
    let begun = Instant::now();
    let runs = files.iter().map(async |file| {
        Command::new("psql")
            .args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file"])
            .arg(file.path())
            .arg(url.expose())
            // Or it would tell what goes with each schema.
            .env("PGOPTIONS", "-c client_min_messages=warning")
            .stdout(Stdio::null())
            .status()
            .await
            .expect("psql on the PATH")
    });
    let ended = join_all(runs).await;
    let took = begun.elapsed();
    assert!(
        ended.iter().all(std::process::ExitStatus::success),
        "psql failed"
    );
    took
}

fn file(script: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(script.as_bytes()).expect("a file");
    file
}
