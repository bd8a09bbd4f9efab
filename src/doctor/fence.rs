//! Tries the fence for real: from one tenant's session, read another schema by its full name.

use chrono::TimeDelta;

use super::{Finding, unseen};
use crate::app::Foundation;
use crate::domains::tenants::{TenantsError, build_temporary, drop_temporary};
use crate::error::Error;
use crate::tenancy::{DbError, Slug, TenantKey, TenantRef};

const SUBJECT: &str = "role fence";

pub(super) async fn try_it(foundation: &Foundation) -> Finding {
    if !foundation.tenancy.rules().fence {
        return Finding::warning(
            SUBJECT,
            "is off: a statement that names another tenant's schema in full would be answered",
            "set TENANT_ROLE_FENCE=on where the DDL login may create roles",
        );
    }
    let able = foundation.migrator.ensure_able().await;
    if matches!(able, Err(DbError::MayNotChangeSchemas { .. })) {
        return Finding::warning(
            SUBJECT,
            "was not tried: that takes a temporary tenant, which this login may not make",
            "run `tenantry doctor` where MIGRATION_DATABASE_URL is set",
        );
    }
    match climb(foundation).await {
        Ok(finding) => finding,
        Err(error) => Finding::bad(
            SUBJECT,
            format!("could not be tried: {}", error.chain()),
            "trying it takes a temporary tenant, which the DDL login makes: give that as MIGRATION_DATABASE_URL",
        ),
    }
}

async fn climb(foundation: &Foundation) -> Result<Finding, Error> {
    let (migrator, clock) = (&foundation.migrator, &foundation.clock);
    let made = build_temporary(migrator, clock, TimeDelta::minutes(5)).await?;
    let tried = reach_over(foundation, &TenantKey::Id(made.id)).await;
    let dropped: Result<bool, TenantsError> = drop_temporary(migrator, made.id).await;
    dropped?;
    Ok(match tried? {
        Err(DbError::Fenced { .. }) => {
            Finding::good(SUBJECT, "holds: another schema answers 42501")
        }
        Ok(()) => Finding::bad(
            SUBJECT,
            "does not hold: another schema could be read",
            "tenants' roles must have no rights beyond their own schema; look for GRANTs to PUBLIC",
        ),
        Err(error) => unseen(SUBJECT, &error),
    })
}

async fn reach_over(
    foundation: &Foundation,
    from: &TenantKey,
) -> Result<Result<(), DbError>, Error> {
    let tenancy = &foundation.tenancy;
    let from: TenantRef = tenancy.serve(from).await?;
    let platform = tenancy.serve(&TenantKey::Slug(Slug::platform())).await?;
    let other = platform.schema.quoted();
    let mut session = tenancy.session(&from).await?;
    Ok(session
        .raw(&format!("SELECT count(*) FROM {other}.users"))
        .await)
}
