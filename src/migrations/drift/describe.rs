//! Reads a schema's description out of PostgreSQL's catalogs.
//!
//! Definitions come with every name of the schema written in full, because the path is empty; the schema's own name in them becomes
//! `<schema>`. It is 34 characters of which 32 are an id's, so nothing else can be meant.

use super::description::Description;
use crate::migrations::fleet::Migrator;
use crate::tenancy::{DbError, DdlTransaction, SchemaName, Sql};

const TABLES: Sql = Sql::new("drift.tables", include_str!("tables.sql"));
const CODE: Sql = Sql::new("drift.code", include_str!("code.sql"));
const RIGHTS: Sql = Sql::new("drift.rights", include_str!("rights.sql"));

/// Digits of an id at the end of a schema's name, whatever stands before them.
const ID_DIGITS: usize = 32;

impl Migrator {
    /// Describes what is in `schema`, and leaves the transaction outside of every schema. One that does not exist is empty.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn describe(
        &self,
        tx: &mut DdlTransaction,
        schema: &SchemaName,
    ) -> Result<Description, DbError> {
        self.describe_named(tx, schema.as_str()).await
    }

    /// The same for any schema, such as `public`.
    pub(in crate::migrations) async fn describe_named(
        &self,
        tx: &mut DdlTransaction,
        own: &str,
    ) -> Result<Description, DbError> {
        tx.leave().await?;
        // A tombstone's role, and what is written in function bodies, still has the name that the schema had.
        let alive = match own.len().checked_sub(ID_DIGITS) {
            Some(at) => format!("t_{}", &own[at..]),
            None => own.to_owned(),
        };
        let neutral = |text: String| text.replace(own, "<schema>").replace(&alive, "<schema>");
        let mut description = Description::default();
        let login = &*self.login;
        for (sql, params) in [
            (&TABLES, &[&own as _, &alive as _, &login as _][..]),
            (&CODE, &[&own as _][..]),
            (&RIGHTS, &[&own as _, &alive as _, &login as _][..]),
        ] {
            for row in tx.query(sql, params).await? {
                let object: String = row.get("object")?;
                let part_of: Option<String> = row.get("part_of")?;
                let definition: Option<String> = row.get("definition")?;
                let definition = neutral(definition.unwrap_or_default());
                description.insert(neutral(object), part_of.map(neutral), definition);
            }
        }
        Ok(description)
    }
}
