//! What was applied to one schema, and when.

use serde::Serialize;

use super::chosen::{ChoiceError, chosen};
use super::fleet::Migrator;
use super::place::{Applied, Place};
use crate::tenancy::{SchemaName, Slug};

/// One schema's history.
#[derive(Debug, Serialize)]
pub struct History {
    /// `public`, or the tenant's slug.
    pub name: String,
    /// How long the last run of migrations, or the last undo, took there, in milliseconds. Not known of the shared tables.
    pub last_took_ms: Option<i32>,
    /// What it has, oldest first.
    pub applied: Vec<Applied>,
}

impl Migrator {
    /// Reads the history of a tenant, or of the shared tables where none is named.
    ///
    /// # Errors
    /// When there is no such tenant.
    pub async fn history(&self, tenant: Option<&Slug>) -> Result<History, ChoiceError> {
        // Only its owner, and the tenant itself, may read a tenant's.
        let mut tx = match tenant {
            None => self.begin_looking().await?,
            Some(_) => self.begin().await?,
        };
        let (place, name, last_took_ms) = match tenant {
            None => (Place::Public, Place::Public.name().to_owned(), None),
            Some(slug) => {
                let found = chosen(tx.scoped(), std::slice::from_ref(slug)).await?;
                let Some(tenant) = found.into_iter().next() else {
                    return Err(ChoiceError::Unknown(slug.clone()));
                };
                let place = Place::Tenant(SchemaName::of(tenant.id));
                (place, tenant.slug, tenant.duration_ms)
            }
        };
        place.enter(&mut tx).await?;
        Ok(History {
            name,
            last_took_ms,
            applied: place.history(&mut tx).await?,
        })
    }
}
