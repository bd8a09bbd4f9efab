//! The tenants that a command over the fleet is about.

use crate::tenancy::{DbError, Scoped, Slug, Sql, TenantId};

const CHOSEN: Sql = Sql::new(
    "fleet.chosen",
    "SELECT t.id, t.slug, coalesce(m.version, 0) AS version, coalesce(m.checksum, '') AS checksum, m.duration_ms \
     FROM public.tenants t LEFT JOIN public.tenant_migrations m ON m.tenant_id = t.id \
     WHERE t.status <> 'deleted' AND (cardinality($1) = 0 OR t.slug = ANY($1)) ORDER BY t.id",
);

/// One of them, as the ledger has it.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub(super) id: TenantId,
    pub(super) slug: String,
    pub(super) version: i32,
    pub(super) checksum: String,
    pub(super) duration_ms: Option<i32>,
}

/// Why tenants cannot be chosen.
#[derive(Debug, thiserror::Error)]
pub enum ChoiceError {
    /// There is none of this name, or it is deleted.
    #[error(
        "there is no tenant `{0}`, or it is deleted; `tenantry tenant list --deleted` names all"
    )]
    Unknown(Slug),
    /// The registry cannot be read.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Those with these names, or all where none is named; the oldest first.
pub(super) async fn chosen(db: &mut Scoped, only: &[Slug]) -> Result<Vec<Chosen>, ChoiceError> {
    let names: Vec<String> = only.iter().map(ToString::to_string).collect();
    let rows = db.query(&CHOSEN, &[&names]).await?;
    let mut tenants = Vec::with_capacity(rows.len());
    for row in &rows {
        tenants.push(Chosen {
            id: TenantId(row.get("id")?),
            slug: row.get("slug")?,
            version: row.get("version")?,
            checksum: row.get("checksum")?,
            duration_ms: row.get("duration_ms")?,
        });
    }
    let is_there = |slug: &&Slug| tenants.iter().any(|tenant| tenant.slug == slug.as_str());
    match only.iter().find(|slug| !is_there(slug)) {
        Some(unknown) => Err(ChoiceError::Unknown(unknown.clone())),
        None => Ok(tenants),
    }
}
