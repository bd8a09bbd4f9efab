//! Which form of a statement goes out: kept, prepared now, or its text.

use tokio_postgres::types::Type;
use tokio_postgres::{Error as PgError, Statement};

use super::{Answer, Connection, DbError, Params, Scope, Sql};
use crate::tenancy::request::{execute_prepared, execute_text};
use crate::tenancy::scope::{Carried, Carrier};
use crate::tenancy::statements::{Plan, Way};

impl Connection {
    /// How a statement gets its scope, if it can be prepared.
    pub(super) fn way(&self, worn: bool) -> Way {
        if worn || self.carrier.is_none() {
            Way::Alone
        } else {
            Way::Carrying
        }
    }

    pub(super) fn plan(&mut self, scope: &Scope, sql: &Sql, way: Way) -> Plan {
        // Behind a transaction pooler a prepared statement would stay on a stranger's connection.
        if self.rules.transaction_pool {
            Plan::Unprepared
        } else {
            self.statements.plan(scope, sql, way)
        }
    }

    /// The statement to run: kept, or where its scope is on prepared now; `None` sends the text.
    pub(super) async fn prepared(
        &mut self,
        plan: Plan,
        scope: &Scope,
        sql: &Sql,
        params: Params<'_>,
    ) -> Result<Option<Statement>, PgError> {
        match plan {
            Plan::Prepared(statement) => Ok(Some(statement)),
            Plan::Unprepared => Ok(None),
            Plan::Prepare => {
                let types = self.types(params, Way::Alone);
                let statement = Box::pin(self.client.prepare_typed(sql.text(), &types)).await?;
                let kept = statement.clone();
                self.statements.keep(scope, sql, Way::Alone, kept);
                Ok(Some(statement))
            }
        }
    }

    pub(super) async fn send(
        &self,
        statement: Option<&Statement>,
        sql: &Sql,
        params: Params<'_>,
        carried: Option<Carried<'_>>,
    ) -> Result<Answer, PgError> {
        match statement {
            None => execute_text(&self.client, sql, params).await,
            Some(statement) => execute_prepared(&self.client, statement, params, carried).await,
        }
    }

    pub(super) fn types(&self, params: Params<'_>, way: Way) -> Vec<Type> {
        let own = params.iter().map(|p| p.pg_type());
        let carrier = self.carrier.as_ref().filter(|_| way == Way::Carrying);
        own.chain(carrier.map(Carrier::pg_type)).collect()
    }

    /// The prepared form of the switch, once per connection; `None` behind a transaction pooler.
    pub(super) async fn wear_statement(
        &mut self,
        scope: &Scope,
    ) -> Result<Option<Statement>, DbError> {
        if self.rules.transaction_pool {
            return Ok(None);
        }
        let text = scope.wear_sql(self.rules);
        if let Some((_, statement)) = self.wear_statements.iter().find(|(t, _)| *t == text) {
            return Ok(Some(statement.clone()));
        }
        let params = scope.wear_params(self.rules).into_iter();
        let types: Vec<Type> = params.map(|(_, kind)| kind).collect();
        let statement = self
            .client
            .prepare_typed(text, &types)
            .await
            .map_err(|e| DbError::from_driver(e, "tenancy.switch", false))?;
        self.wear_statements.push((text, statement.clone()));
        Ok(Some(statement))
    }
}
