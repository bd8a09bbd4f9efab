//! `migrate status`: how the fleet stands.

use serde_json::json;

use super::super::database::Opened;
use super::super::failure::Failure;
use super::super::output::{say, say_json, say_table};
use crate::config::Config;
use crate::migrations::{self, FleetCounts, LedgerLine, Shared};
use crate::tenancy::Scoped;

/// Lines of `status` that are not simply current.
const SHOWN: i64 = 1000;

pub(super) async fn status(config: Box<Config>, json: bool) -> Result<(), Failure> {
    let opened = Opened::as_it_is(config).await?;
    let migrator = &opened.foundation.migrator;
    let target = migrator.set().target().clone();
    let shared = migrator.shared().await?;
    let shared_target = migrator.shared_target();
    let trouble = shared.trouble(shared_target);
    let trouble = trouble.map(|seen| format!("{seen}; {}", Shared::MEND));
    if shared == Shared::Closed {
        opened.close().await?;
        return Err(Failure::Failed(trouble.unwrap_or_default()));
    }
    let (counts, lines) = if shared == Shared::Missing {
        (FleetCounts::default(), Vec::new())
    } else {
        let look = async |db: &mut Scoped| {
            let counts = migrations::counts(db, &target).await?;
            Ok((counts, migrations::troubled(db, &target, SHOWN).await?))
        };
        migrator.with_shared(look).await?
    };
    opened.close().await?;
    if json {
        let lines: Vec<_> = lines.iter().map(line_as_json).collect();
        say_json(&json!({
            "shared": { "version": shared.version(), "target": shared_target },
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
    if let Some(trouble) = trouble {
        say(&trouble);
    }
    if shared == Shared::Missing {
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
