//! What is remembered of tenants, and how their schemas are brought up to date.

use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;

use super::env::{Reader, Reported};
use super::parse::{self, count, days, seconds, switch};
use super::variable::{Fallback, Group, Variable};

const TENANT_CACHE_TTL_SECONDS: Variable = Variable {
    name: "TENANT_CACHE_TTL_SECONDS",
    default: Fallback::Value("3600"),
    shape: parse::SECONDS,
    doc: "How long a tenant is remembered where no notice of a change arrives.",
    secret: false,
};
const MIGRATIONS_DIR: Variable = Variable {
    name: "MIGRATIONS_DIR",
    default: Fallback::Computed("the migrations built into the program"),
    shape: "the path of a folder that holds `public/` and `tenant/`",
    doc: "Migrations to use instead of those built in, for development and tests.",
    secret: false,
};
const MIGRATE_ON_START: Variable = Variable {
    name: "MIGRATE_ON_START",
    default: Fallback::Value("on"),
    shape: parse::SWITCH,
    doc: "Whether a starting server migrates what is behind.",
    secret: false,
};
const MIGRATION_JOBS: Variable = Variable {
    name: "MIGRATION_JOBS",
    default: Fallback::Value("4"),
    shape: parse::COUNT,
    doc: "How many tenants are migrated at once.",
    secret: false,
};

const TENANT_RETENTION_DAYS: Variable = Variable {
    name: "TENANT_RETENTION_DAYS",
    default: Fallback::Value("30"),
    shape: parse::DAYS,
    doc: "How long a deleted tenant can be restored before its data goes for good; 0 is not at all.",
    secret: false,
};
const EXPORT_DIR: Variable = Variable {
    name: "EXPORT_DIR",
    default: Fallback::Computed(
        "in development mode `exports` in DATA_DIR, else none, and exports over HTTP are off",
    ),
    shape: "the path of a folder that all nodes share",
    doc: "Where exports of tenants are that are asked for over HTTP, and from where they are imported.",
    secret: false,
};
const IMPORT_MAX_BYTES: Variable = Variable {
    name: "IMPORT_MAX_BYTES",
    default: Fallback::Value("68719476736"),
    shape: "a whole number of bytes",
    doc: "Most bytes that the rows of an import may unpack to.",
    secret: false,
};
const SIGN_UP: Variable = Variable {
    name: "SIGN_UP",
    default: Fallback::Value("off"),
    shape: parse::SWITCH,
    doc: "Whether anybody may make a tenant of their own, by POST /auth/register.",
    secret: false,
};

const READY_TENANTS: Variable = Variable {
    name: "READY_TENANTS",
    default: Fallback::Value("2"),
    shape: "a whole number from 0 to 1000",
    doc: "Migrated schemas that a server keeps ready, so that a new tenant is there in a few milliseconds; 0 for none.",
    secret: false,
};

pub(super) const GROUP: Group = Group {
    title: "Tenants",
    variables: &[
        TENANT_CACHE_TTL_SECONDS,
        MIGRATIONS_DIR,
        MIGRATE_ON_START,
        MIGRATION_JOBS,
        TENANT_RETENTION_DAYS,
        SIGN_UP,
        READY_TENANTS,
        EXPORT_DIR,
        IMPORT_MAX_BYTES,
    ],
};

/// What is remembered of tenants, and how they are migrated.
#[derive(Debug, Clone)]
pub struct TenancyConfig {
    /// How long a tenant is remembered at most.
    pub cache_ttl: Duration,
    /// A folder used instead of the built-in migrations.
    pub migrations_dir: Option<PathBuf>,
    /// Whether a starting server migrates what is behind.
    pub migrate_on_start: bool,
    /// How many tenants are migrated at once.
    pub migration_jobs: usize,
    /// How long a deleted tenant's data stays.
    pub retention: TimeDelta,
    /// Whether anybody may make a tenant of their own.
    pub sign_up: bool,
    /// How many migrated schemas a server keeps ready.
    pub ready_tenants: usize,
    /// Where exports are that are asked for over HTTP.
    pub export_dir: Option<PathBuf>,
    /// Most bytes that the rows of an import may unpack to.
    pub import_max_bytes: u64,
}

impl TenancyConfig {
    /// Development mode's folder for exports, where none is given.
    pub(super) fn or_exports_in(mut self, folder: Option<PathBuf>) -> Self {
        self.export_dir = self.export_dir.or(folder);
        self
    }

    /// Reads the section.
    pub(super) fn from_env(reader: &mut Reader) -> Result<Self, Reported> {
        let cache_ttl = reader.value(&TENANT_CACHE_TTL_SECONDS, seconds);
        let migrations_dir = reader.optional(&MIGRATIONS_DIR, str::parse);
        let migrate_on_start = reader.value(&MIGRATE_ON_START, switch);
        let migration_jobs = reader.value(&MIGRATION_JOBS, count);
        let retention = reader.value(&TENANT_RETENTION_DAYS, days);
        let sign_up = reader.value(&SIGN_UP, switch);
        let ready_tenants = reader.value(&READY_TENANTS, at_most_a_thousand);
        let export_dir = reader.optional(&EXPORT_DIR, str::parse);
        let import_max_bytes = reader.value(&IMPORT_MAX_BYTES, str::parse);
        Ok(Self {
            cache_ttl: cache_ttl?,
            migrations_dir: migrations_dir?,
            migrate_on_start: migrate_on_start?,
            migration_jobs: migration_jobs?,
            retention: retention?,
            sign_up: sign_up?,
            ready_tenants: ready_tenants?,
            export_dir: export_dir?,
            import_max_bytes: import_max_bytes?,
        })
    }
}

fn at_most_a_thousand(text: &str) -> Result<usize, &'static str> {
    match text.parse() {
        Ok(count @ 0..=1000) => Ok(count),
        _ => Err("not one of them"),
    }
}
