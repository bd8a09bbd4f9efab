//! Deleted tenants: how many wait for their time, and whether some should have gone.

use super::{Finding, unseen};
use crate::app::Foundation;
use crate::tenancy::{DbError, Sql};

const SUBJECT: &str = "deleted tenants";

/// A server purges every few minutes, so one that is a day late is stuck, or nobody serves.
const COUNT: Sql = Sql::new(
    "doctor.tombstones",
    "SELECT count(*) AS deleted, count(*) FILTER (WHERE purge_after < now() - interval '1 day') AS overdue \
     FROM public.tenants WHERE status = 'deleted'",
);

pub(super) async fn look(foundation: &Foundation) -> Finding {
    match count(foundation).await {
        Ok((deleted, 0)) => Finding::good(SUBJECT, format!("{deleted}, none overdue")),
        Ok((deleted, overdue)) => Finding::warning(
            SUBJECT,
            format!("{deleted}, {overdue} of them should have gone a day ago or earlier"),
            "run `tenantry tenant purge`, which tells what is in the way",
        ),
        Err(error) => unseen(SUBJECT, &error),
    }
}

async fn count(foundation: &Foundation) -> Result<(i64, i64), DbError> {
    let mut db = foundation.tenancy.public().await?;
    let row = db.query_one(&COUNT, &[]).await?;
    Ok((row.get("deleted")?, row.get("overdue")?))
}
