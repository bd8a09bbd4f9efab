//! Whether connections are shared as the configuration says, and whether this node hears the others.

use std::time::{Duration, Instant};

use super::{Finding, unseen};
use crate::app::Foundation;
use crate::config::{Config, PoolMode};
use crate::tenancy::pooler;

const MODE: &str = "pool mode";
const HEARING: &str = "hearing other nodes";

/// A notice needs milliseconds; this is for a busy database.
const HEARING_LIMIT: Duration = Duration::from_secs(3);

/// Whether a transaction pooler stands in between, as `DATABASE_POOL_MODE` says.
pub(super) async fn mode(config: &Config) -> Finding {
    let database = &config.database;
    let Some(url) = &database.url else {
        return Finding::good(MODE, "session: development mode's own PostgreSQL");
    };
    let noticed = match pooler::is_noticed(url.config()).await {
        Ok(noticed) => noticed,
        Err(error) => return unseen(MODE, &error),
    };
    match (database.pool_mode, noticed) {
        (PoolMode::Session, false) => Finding::good(
            MODE,
            "session: each connection is ours alone, no transaction pooler was noticed",
        ),
        (PoolMode::Transaction, true) => Finding::good(
            MODE,
            "transaction: a pooler shares connections, and scopes are local to transactions",
        ),
        (PoolMode::Session, true) => Finding::bad(
            MODE,
            "session, but a pooler gives the connections to others after each transaction: tenants' data can be mixed up",
            "set DATABASE_POOL_MODE=transaction, or let DATABASE_URL lead past the pooler",
        ),
        (PoolMode::Transaction, false) => Finding::warning(
            MODE,
            "transaction: no prepared statements, and no transaction pooler was noticed",
            "set DATABASE_POOL_MODE=session where no transaction pooler stands in between",
        ),
    }
}

/// Whether changes on other nodes are told, or found out after a second.
pub(super) async fn hearing(config: &Config, foundation: &Foundation) -> Finding {
    let database = &config.database;
    let way = match (database.session_url(), database.any_session_url()) {
        (Some(_), _) if database.direct_url.is_some() => "DIRECT_DATABASE_URL",
        (Some(_), _) => "DATABASE_URL",
        (None, Some(_)) => "MIGRATION_DATABASE_URL",
        (None, None) => {
            return Finding::warning(
                HEARING,
                "by reading again: LISTEN cannot pass a transaction pooler, so caches are believed for one second only",
                "set DIRECT_DATABASE_URL to an address past the pooler; until then each node reads more",
            );
        }
    };
    if is_hearing(foundation).await {
        return Finding::good(HEARING, format!("by LISTEN at {way}: a notice came back"));
    }
    Finding::warning(
        HEARING,
        format!("not: no notice came back at {way}, so caches are believed for one second only"),
        "set DIRECT_DATABASE_URL to an address past any transaction pooler",
    )
}

async fn is_hearing(foundation: &Foundation) -> bool {
    let began = Instant::now();
    while !foundation.tenancy.is_hearing() {
        if began.elapsed() > HEARING_LIMIT {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    true
}
