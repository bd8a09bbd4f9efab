//! A schema for rows that come from elsewhere: built as far as the rows are, and brought up once they are in.

use super::apply::{self, ApplyError};
use super::fleet::Migrator;
use super::schema::NewSchema;
use crate::tenancy::{DdlTransaction, SchemaName, TenantId};

impl Migrator {
    /// Makes a tenant's schema with the migrations up to `version` in an open transaction. The ledger does not know of it yet; then comes
    /// [`Migrator::finish_schema`].
    ///
    /// # Errors
    /// When a migration fails; the transaction is of no use then.
    pub async fn build_schema_at(
        &self,
        tx: &mut DdlTransaction,
        id: TenantId,
        version: i32,
    ) -> Result<(), ApplyError> {
        let name = SchemaName::of(id);
        let schema = NewSchema {
            name: &name,
            login: &self.login,
            fence: self.fence,
        };
        schema.create(tx).await?;
        let all = self.set().tenant();
        let some = all.partition_point(|migration| migration.version() <= version);
        apply::apply(tx, name.as_str(), &all[..some])
            .await
            .map(drop)
    }

    /// Applies the rest, and writes the line in the ledger.
    ///
    /// # Errors
    /// When a migration fails; the transaction is of no use then.
    pub async fn finish_schema(
        &self,
        tx: &mut DdlTransaction,
        id: TenantId,
    ) -> Result<(), ApplyError> {
        let name = SchemaName::of(id);
        tx.enter(&name).await?;
        self.bring_up(tx, id, &name).await.map(drop)
    }
}
