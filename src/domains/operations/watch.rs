//! Operations whose process has ended are marked as failed, by whichever node looks first.

use super::repository;
use super::work::BEAT;
use crate::tenancy::{DbError, Tenancy};

/// Looks at once, and then with every heartbeat, until it is dropped.
pub async fn keep_watching(tenancy: Tenancy) {
    loop {
        if let Err(error) = give_up(&tenancy).await {
            tracing::warn!(error = %error, "operations whose server has ended stay `running` until the next look");
            // Those that live could not tell it either, and come first.
            tokio::time::sleep(2 * BEAT).await;
        }
        tokio::time::sleep(BEAT).await;
    }
}

async fn give_up(tenancy: &Tenancy) -> Result<(), DbError> {
    let mut db = tenancy.public().await?;
    for (operation, kind) in repository::give_up(&mut db).await? {
        tracing::warn!(%operation, kind, "an operation failed, since the server that was at work has ended");
    }
    Ok(())
}
