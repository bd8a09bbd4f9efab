//! The use case of operations: to see how one goes.

use uuid::Uuid;

use super::error::OperationError;
use super::model::Operation;
use super::repository;
use crate::domains::Deps;
use crate::domains::access::{Context, OperationsRead, authorize};

/// Operations, for one caller.
pub struct Operations<'d> {
    deps: &'d Deps,
    context: Context,
}

impl<'d> Operations<'d> {
    /// For the caller that `context` tells of.
    pub fn new(deps: &'d Deps, context: Context) -> Self {
        Self { deps, context }
    }

    /// One operation: any for operators, what they asked for for everybody else.
    ///
    /// # Errors
    /// [`OperationError::NotFound`] where the caller sees none.
    pub async fn find(&self, id: Uuid) -> Result<Operation, OperationError> {
        let scope = authorize::<OperationsRead>(&self.context)?;
        let mut db = self.deps.tenancy.public().await?;
        let found = repository::find(&mut db, &scope, self.context.tenant().id, id).await?;
        found.ok_or(OperationError::NotFound)
    }
}
