//! Many tenants quickly, and migrations that are not in the binary.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures_util::{StreamExt, TryStreamExt, stream};
use tempfile::TempDir;
use tenantry::app::Foundation;
use tenantry::clock::Clock;
use tenantry::config::Config;
use tenantry::domains::access::Role;
use tenantry::domains::tenants::{TemporaryTenant, create_temporary};
use tenantry::testkit::{Answer, TestServer};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::program::number;

/// At once; more than processors, because PostgreSQL waits for its disk.
const AT_ONCE: usize = 8;

/// Makes the shared tables and so many tenants.
pub async fn fleet(config: &Config, size: usize) -> Vec<TemporaryTenant> {
    let mut config = config.clone();
    config.tenancy.migration_jobs = AT_ONCE;
    let foundation = Foundation::new(&config, Clock::system()).unwrap();
    foundation.prepare().await.unwrap();
    let made = stream::iter(0..size)
        .map(|_| create_temporary(&foundation.migrator, &foundation.clock, TimeDelta::hours(1)))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
        .unwrap();
    foundation.tenancy.close();
    made
}

/// What this tenant answers to a member of its own.
pub async fn ask(server: &TestServer, tenant: &TemporaryTenant) -> Answer {
    let token = server.bearer(tenant.id, Uuid::new_v4(), Role::Member);
    let member = server.anonymous().with_token(Some(&token));
    let member = member.naming(Some(tenant.slug.as_str()));
    member.get("/projects").await
}

/// Waits until this tenant is served: a running server hears of a migration a moment after its commit.
pub async fn is_served_soon(server: &TestServer, tenant: &TemporaryTenant) {
    let began = Instant::now();
    loop {
        let answer = ask(server, tenant).await;
        if answer.status == 200 {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(5), "{}", answer.text);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A folder of migrations that begins as the binary's own.
pub struct Migrations(TempDir);

impl Migrations {
    /// The binary's.
    pub fn own() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        for kind in ["public", "tenant"] {
            let to = dir.path().join(kind);
            fs::create_dir(&to).unwrap();
            for file in fs::read_dir(own.join(kind)).unwrap() {
                let file = file.unwrap();
                fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        }
        Self(dir)
    }

    /// And one more for the tenants, with version 99.
    pub fn with(text: &str) -> Self {
        let migrations = Self::own();
        migrations.add_more(99, text);
        migrations
    }

    /// And this file, below the folder.
    pub fn add(&self, file: &str, text: &str) {
        let path = self.0.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Without this file.
    pub fn remove(&self, file: &str) {
        fs::remove_file(self.0.path().join(file)).unwrap();
    }

    /// One more for the tenants.
    pub fn add_more(&self, version: u32, text: &str) {
        let file = self.0.path().join(format!("tenant/V{version}__more.sql"));
        fs::write(file, text).unwrap();
    }

    /// Without the tenants' newer ones.
    pub fn up_to(version: u32) -> Self {
        let migrations = Self::own();
        for file in fs::read_dir(migrations.0.path().join("tenant")).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            let (number, _) = name.strip_prefix('V').unwrap().split_once("__").unwrap();
            if number.parse::<u32>().unwrap() > version {
                fs::remove_file(file.path()).unwrap();
            }
        }
        migrations
    }

    /// For `MIGRATIONS_DIR`.
    pub fn dir(&self) -> String {
        self.0.path().display().to_string()
    }

    /// A configuration that uses them.
    pub fn on(&self, config: &Config) -> Config {
        let mut config = config.clone();
        config.tenancy.migrations_dir = Some(self.0.path().to_path_buf());
        config
    }
}

/// Whether every one of them has migration 99 in its history, and no more than once.
pub async fn each_has_it_once(sql: &Client, tenants: &[TemporaryTenant]) {
    for tenant in tenants {
        let schema = tenant.schema.as_str();
        let history =
            format!("SELECT count(*) FROM {schema}.refinery_schema_history WHERE version = 99");
        assert_eq!(number(sql, &history).await, 1, "{schema}");
    }
}
