//! The use cases of projects: authorize, then do it, then write it down.

use serde_json::json;
use uuid::Uuid;

use super::authorization::may_change;
use super::error::ProjectError;
use super::model::{NewProject, Project, ProjectChange};
use super::repository;
use crate::domains::Deps;
use crate::domains::access::{Context, ProjectsRead, ProjectsWrite, Scope, authorize};
use crate::domains::audit::{self, Act};
use crate::domains::idempotency::{self, IdempotencyKey, Once};
use crate::ids::new_id;
use crate::pagination::{Page, PageRequest};
use crate::tenancy::{Scoped, Transaction};

/// Projects, for one caller.
pub struct Projects<'d> {
    deps: &'d Deps,
    context: Context,
}

impl<'d> Projects<'d> {
    /// For the caller that `context` tells of.
    pub fn new(deps: &'d Deps, context: Context) -> Self {
        Self { deps, context }
    }

    /// One project.
    ///
    /// # Errors
    /// [`ProjectError::NotFound`] where the caller sees none.
    pub async fn find(&self, id: Uuid) -> Result<Project, ProjectError> {
        let scope = authorize::<ProjectsRead>(&self.context)?;
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        repository::find(&mut db, &scope, id)
            .await?
            .ok_or(ProjectError::NotFound)
    }

    /// A page, oldest first.
    ///
    /// # Errors
    /// When the caller may not read projects.
    pub async fn list(&self, request: PageRequest) -> Result<Page<Project>, ProjectError> {
        let scope = authorize::<ProjectsRead>(&self.context)?;
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        let rows =
            repository::page(&mut db, &scope, request.after, request.rows_to_fetch()).await?;
        Ok(Page::cut(rows, &request, |project| project.id))
    }

    /// Makes one, owned by the caller. With a key, the same request again gives the same answer.
    ///
    /// # Errors
    /// [`ProjectError::NameTaken`], the key's own, or the caller may not.
    pub async fn create(
        &self,
        new: NewProject,
        key: Option<&IdempotencyKey>,
    ) -> Result<Once<Project>, ProjectError> {
        let scope = authorize::<ProjectsWrite>(&self.context)?;
        let owner_id = self.context.user_id().ok_or(ProjectError::NoOwner)?;
        let clock = &self.deps.clock;
        let now = clock.now();
        let project = Project {
            id: new_id(),
            name: new.name,
            description: new.description,
            owner_id: Some(owner_id),
            created_at: now,
            updated_at: now,
        };
        let mut tx = self.begin("projects.create").await?;
        if let Some(before) = idempotency::replayed(&mut tx, clock, key).await? {
            return Ok(Once::Before(before));
        }
        repository::insert(&mut tx, &scope, &project).await?;
        idempotency::keep(&mut tx, clock, key, &project).await?;
        self.note(&mut tx, "project.created", None, Some(&project))
            .await?;
        tx.commit().await?;
        Ok(Once::Now(project))
    }

    /// Changes what `change` names.
    ///
    /// # Errors
    /// [`ProjectError::NotFound`], [`ProjectError::NameTaken`], or the caller may not.
    pub async fn update(&self, id: Uuid, change: ProjectChange) -> Result<Project, ProjectError> {
        let scope = authorize::<ProjectsWrite>(&self.context)?;
        let mut tx = self.begin("projects.update").await?;
        let before = self.changeable(&mut tx, &scope, id).await?;
        let now = self.deps.clock.now();
        let after = repository::update(&mut tx, &scope, id, &change, now)
            .await?
            .ok_or(ProjectError::NotFound)?;
        self.note(&mut tx, "project.updated", Some(&before), Some(&after))
            .await?;
        tx.commit().await?;
        Ok(after)
    }

    /// Deletes one.
    ///
    /// # Errors
    /// [`ProjectError::NotFound`], or the caller may not.
    pub async fn delete(&self, id: Uuid) -> Result<(), ProjectError> {
        let scope = authorize::<ProjectsWrite>(&self.context)?;
        let mut tx = self.begin("projects.delete").await?;
        let before = self.changeable(&mut tx, &scope, id).await?;
        if !repository::delete(&mut tx, &scope, id).await? {
            return Err(ProjectError::NotFound);
        }
        self.note(&mut tx, "project.deleted", Some(&before), None)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    async fn begin(&self, name: &'static str) -> Result<Transaction, ProjectError> {
        let session = self.deps.tenancy.session(self.context.tenant()).await?;
        Ok(session.begin(name))
    }

    /// The project, if the caller sees it and may change it.
    async fn changeable(
        &self,
        db: &mut Scoped,
        scope: &Scope<ProjectsWrite>,
        id: Uuid,
    ) -> Result<Project, ProjectError> {
        let visible = authorize::<ProjectsRead>(&self.context)?;
        let project = repository::find(db, &visible, id)
            .await?
            .ok_or(ProjectError::NotFound)?;
        may_change(scope, &project)?;
        Ok(project)
    }

    async fn note(
        &self,
        db: &mut Scoped,
        action: &'static str,
        before: Option<&Project>,
        after: Option<&Project>,
    ) -> Result<(), ProjectError> {
        let act = Act {
            action,
            resource: "project",
            resource_id: before.or(after).map(|project| project.id),
            before: before.map(|project| json!(project)),
            after: after.map(|project| json!(project)),
        };
        audit::record(db, &self.context, &self.deps.clock, act).await?;
        Ok(())
    }
}
