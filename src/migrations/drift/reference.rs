//! The reference: a schema that the migrations make now, in a transaction that is rolled back.

use super::description::Description;
use crate::ids::new_id;
use crate::migrations::apply::{self, ApplyError};
use crate::migrations::fleet::Migrator;
use crate::migrations::schema::NewSchema;
use crate::tenancy::{DdlTransaction, SchemaName, TenantId};

impl Migrator {
    /// Describes what all migrations up to `version` make. Nothing of it stays; the schema has a name that nobody else has.
    ///
    /// # Errors
    /// When one of them fails.
    pub async fn reference(&self, version: i32) -> Result<Description, ApplyError> {
        let mut tx = self.begin().await?;
        let name = SchemaName::of(TenantId(new_id()));
        self.build_reference(&mut tx, &name, version).await?;
        Ok(self.describe(&mut tx, &name).await?)
    }

    /// Makes the schema in the open transaction, which must not be committed: no registry knows of it.
    pub(in crate::migrations) async fn build_reference(
        &self,
        tx: &mut DdlTransaction,
        name: &SchemaName,
        version: i32,
    ) -> Result<(), ApplyError> {
        let schema = NewSchema {
            name,
            login: &self.login,
            fence: self.fence,
        };
        schema.create(tx).await?;
        let migrations = self.set().tenant().iter();
        let migrations = migrations.take_while(|migration| migration.version() <= version);
        let migrations: Vec<_> = migrations.cloned().collect();
        apply::apply(tx, name.as_str(), &migrations).await.map(drop)
    }
}
