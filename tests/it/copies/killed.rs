//! `kill -9` in the middle of an export, an import and a clone: nothing half-made stays, and the same command again works.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tenantry::testkit::TestDatabase;
use tokio_postgres::Client;

use super::fixture::{inventory, schema_of};
use crate::program::{Guarded, Program, number, owner};

/// Enough that a copy takes a second or so.
const ROWS: usize = 300_000;

struct Big {
    program: Program,
    sql: Client,
    _database: TestDatabase,
}

impl Big {
    async fn new() -> Self {
        let database = TestDatabase::new().await;
        let program = Program::on(&database);
        program.run("tenant create big").expect(0);
        let sql = owner(&database).await;
        let schema = schema_of(&sql, "big").await;
        let fill = format!(
            "INSERT INTO {schema}.projects (id, name, description, created_at, updated_at) \
             SELECT gen_random_uuid(), n || ' ' || gen_random_uuid(), repeat('x', 100), now(), now() FROM generate_series(1, {ROWS}) n"
        );
        sql.batch_execute(&fill).await.unwrap();
        Self {
            program,
            sql,
            _database: database,
        }
    }

    /// Kills the command as soon as `begun` says that it is in the middle.
    async fn kill_amid(&self, line: &str, begun: impl AsyncFn() -> bool) {
        let mut command = self.program.command(line);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut running = Guarded::spawn(&mut command);
        while !begun().await {
            let ended = running.child().try_wait().unwrap();
            assert!(ended.is_none(), "`{line}` ended before it was killed");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        running.kill();
        let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                      AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
        while number(&self.sql, others).await > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Whether rows are on their way now.
    async fn copies(&self) -> bool {
        number(
            &self.sql,
            "SELECT count(*) FROM pg_stat_progress_copy \
             WHERE datname = current_database() AND tuples_processed > 1000",
        )
        .await
            > 0
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_copy_leaves_nothing_that_looks_whole_and_works_the_next_time() {
    let big = Big::new().await;
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("big.tar");
    let before = inventory(&big.sql).await;

    let export = format!("tenant export big --out {}", file.display());
    let part = place.path().join("big.tar.part");
    let begun = async || std::fs::metadata(&part).is_ok_and(|part| part.len() > 100_000);
    big.kill_amid(&export, begun).await;
    assert!(!file.exists(), "a killed export looks whole");
    big.program.run(&export).expect(0);
    assert!(file.exists() && !part.exists());
    assert_only(place.path(), "big.tar");

    let import = format!("tenant import {} --slug again --json", file.display());
    for line in [import.as_str(), "tenant clone big twin --json"] {
        big.kill_amid(line, async || big.copies().await).await;
        assert_eq!(inventory(&big.sql).await, before, "`{line}` left something");
    }
    for line in [import.as_str(), "tenant clone big twin --json"] {
        let made = big.program.run(line).expect(0).json();
        assert!(made["rows"].as_u64().unwrap() > ROWS as u64, "{made}");
    }
}

fn assert_only(folder: &Path, name: &str) {
    let names = std::fs::read_dir(folder).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [name]);
}
