//! The reference: a schema that the migrations make now, in a transaction that is rolled back.

use super::description::Description;
use crate::ids::new_id;
use crate::migrations::apply::{self, ApplyError};
use crate::migrations::fleet::Migrator;
use crate::migrations::schema::NewSchema;
use crate::tenancy::{SchemaName, TenantId};

impl Migrator {
    /// Describes what all migrations up to `version` make. Nothing of it stays; the schema has a name that nobody else has.
    ///
    /// # Errors
    /// When one of them fails.
    pub async fn reference(&self, version: i32) -> Result<Description, ApplyError> {
        let mut tx = self.begin().await?;
        let name = SchemaName::of(TenantId(new_id()));
        let schema = NewSchema {
            name: &name,
            login: self.login(),
            fence: self.fence(),
        };
        schema.create(&mut tx).await?;
        let migrations = self.set().tenant().iter();
        let migrations: Vec<_> = migrations
            .filter(|migration| migration.version() <= version)
            .cloned()
            .collect();
        apply::apply(&mut tx, name.as_str(), &migrations).await?;
        Ok(self.describe(&mut tx, &name).await?)
    }
}
