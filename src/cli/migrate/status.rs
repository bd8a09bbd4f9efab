//! `migrate status`: how the fleet stands.

use serde_json::json;

use super::super::database::Opened;
use super::super::failure::Failure;
use super::super::output::{say, say_json, say_table};
use crate::config::Config;
use crate::migrations::{self, LedgerLine};

/// Lines of `status` that are not simply current.
const SHOWN: i64 = 1000;

pub(super) async fn status(config: Box<Config>, json: bool) -> Result<(), Failure> {
    let opened = Opened::as_it_is(config).await?;
    let target = opened.foundation.migrator.set().target().clone();
    let mut db = opened.foundation.tenancy.public().await?;
    let counts = migrations::counts(&mut db, &target).await?;
    let lines = migrations::troubled(&mut db, &target, SHOWN).await?;
    drop(db);
    opened.close().await?;
    if json {
        let lines: Vec<_> = lines.iter().map(line_as_json).collect();
        say_json(&json!({
            "target": target.version,
            "total": counts.total,
            "current": counts.current,
            "pending": counts.pending,
            "failed": counts.failed,
            "ahead": counts.ahead,
            "tenants": lines,
        }));
        return Ok(());
    }
    say(&format!(
        "{} tenants, newest migration {}: {} current, {} behind, {} failed, {} ahead of this binary",
        counts.total, target.version, counts.current, counts.pending, counts.failed, counts.ahead
    ));
    if !lines.is_empty() {
        say_table(
            &["TENANT", "VERSION", "STATE", "TRIES", "LAST ERROR"],
            &lines.iter().map(cells).collect::<Vec<_>>(),
        );
    }
    Ok(())
}

fn state(line: &LedgerLine) -> &'static str {
    if line.failed { "failed" } else { "ok" }
}

fn cells(line: &LedgerLine) -> Vec<String> {
    vec![
        line.slug.clone(),
        line.version.to_string(),
        state(line).to_owned(),
        line.attempts.to_string(),
        line.last_error.clone().unwrap_or_default(),
    ]
}

fn line_as_json(line: &LedgerLine) -> serde_json::Value {
    json!({
        "tenant": line.slug,
        "id": line.id,
        "version": line.version,
        "state": state(line),
        "attempts": line.attempts,
        "last_error": line.last_error,
        "duration_ms": line.duration_ms,
        "updated_at": line.updated_at,
    })
}
