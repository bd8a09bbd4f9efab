//! `/projects`: the worked example of a domain, the file to copy.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use uuid::Uuid;

use super::answers::{CreatedOnce, NoContent};
use super::key_or_caller::KeyOrCaller;
use super::state::State;
use super::{ApiError, Body, CONFLICT, Cursor, Limit, Page, Tag, page_request};
use crate::domains::projects::{NewProject, Project, ProjectChange, Projects};

/// A project of the tenant.
#[derive(Object)]
#[oai(rename = "Project")]
struct ProjectOut {
    /// Its id.
    id: Uuid,
    /// Its name, unique in the tenant.
    name: String,
    /// What it is about.
    description: String,
    /// Id of the user who made it; `null` once they are deleted.
    #[oai(nullable)]
    owner_id: Option<Uuid>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl From<Project> for ProjectOut {
    fn from(project: Project) -> Self {
        Self {
            id: project.id,
            name: project.name,
            description: project.description,
            owner_id: project.owner_id,
            created_at: project.created_at,
            updated_at: project.updated_at,
        }
    }
}

/// What makes a project, or replaces one.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "ProjectNew")]
struct ProjectIn {
    /// Its name, unique in the tenant; 1 to 200 characters.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: String,
    /// What it is about; at most 10,000 characters.
    #[oai(default, validator(max_length = 10000))]
    description: String,
}

/// What changes in a project; a field that is left out stays as it is.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "ProjectChange")]
struct ProjectPatch {
    /// The new name; 1 to 200 characters.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: Option<String>,
    /// The new description; at most 10,000 characters.
    #[oai(validator(max_length = 10000))]
    description: Option<String>,
}

/// The endpoints.
pub struct ProjectsApi;

type OneProject<const OWN: u16 = 0> = Result<Json<ProjectOut>, ApiError<OWN>>;

#[OpenApi(tag = "Tag::Projects")]
impl ProjectsApi {
    /// The tenant's projects, oldest first.
    #[oai(path = "/projects", method = "get", operation_id = "listProjects")]
    async fn list(
        &self,
        state: Data<&Arc<State>>,
        caller: KeyOrCaller,
        /// Entries of a page, 1 to 100.
        #[oai(default)]
        limit: Query<Limit>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<Cursor>>,
    ) -> Result<Json<Page<ProjectOut>>, ApiError> {
        let projects = Projects::new(&state.deps, caller.0);
        let page = projects.list(page_request(limit.0, cursor.0)).await?;
        Ok(Json(page.map(ProjectOut::from).into()))
    }

    /// Make a project; the caller owns it.
    #[oai(path = "/projects", method = "post", operation_id = "createProject")]
    async fn create(
        &self,
        state: Data<&Arc<State>>,
        caller: KeyOrCaller,
        /// The client's name for this request; the same request again with it gives the same answer, for 24 hours.
        #[oai(name = "Idempotency-Key", validator(min_length = 1, max_length = 255))]
        key: Header<Option<String>>,
        body: Body<ProjectIn>,
    ) -> Result<CreatedOnce<ProjectOut>, ApiError<CONFLICT>> {
        let key = body.key(key.0, &caller.0);
        let new = NewProject {
            name: body.0.name,
            description: body.0.description,
        };
        let projects = Projects::new(&state.deps, caller.0);
        let made = projects.create(new, key.as_ref()).await?;
        Ok(CreatedOnce::at("/projects", made, |project| project.id))
    }

    /// One project.
    #[oai(path = "/projects/:id", method = "get", operation_id = "getProject")]
    async fn find(
        &self,
        state: Data<&Arc<State>>,
        caller: KeyOrCaller,
        /// The project's id.
        id: Path<Uuid>,
    ) -> OneProject {
        let project = Projects::new(&state.deps, caller.0).find(id.0).await?;
        Ok(Json(project.into()))
    }

    /// Replace a project's values. Members change their own, admins all.
    #[oai(
        path = "/projects/:id",
        method = "put",
        operation_id = "replaceProject"
    )]
    async fn replace(
        &self,
        state: Data<&Arc<State>>,
        caller: KeyOrCaller,
        /// The project's id.
        id: Path<Uuid>,
        body: Body<ProjectIn>,
    ) -> OneProject<CONFLICT> {
        let change = ProjectChange {
            name: Some(body.0.name),
            description: Some(body.0.description),
        };
        let projects = Projects::new(&state.deps, caller.0);
        Ok(Json(projects.update(id.0, change).await?.into()))
    }

    /// Change some of a project's values. Members change their own, admins all.
    #[oai(
        path = "/projects/:id",
        method = "patch",
        operation_id = "updateProject"
    )]
    async fn update(
        &self,
        state: Data<&Arc<State>>,
        caller: KeyOrCaller,
        /// The project's id.
        id: Path<Uuid>,
        body: Body<ProjectPatch>,
    ) -> OneProject<CONFLICT> {
        let change = ProjectChange {
            name: body.0.name,
            description: body.0.description,
        };
        let projects = Projects::new(&state.deps, caller.0);
        Ok(Json(projects.update(id.0, change).await?.into()))
    }

    /// Delete a project. Members delete their own, admins all.
    #[oai(
        path = "/projects/:id",
        method = "delete",
        operation_id = "deleteProject"
    )]
    async fn delete(
        &self,
        state: Data<&Arc<State>>,
        caller: KeyOrCaller,
        /// The project's id.
        id: Path<Uuid>,
    ) -> Result<NoContent, ApiError> {
        Projects::new(&state.deps, caller.0).delete(id.0).await?;
        Ok(NoContent::Done)
    }
}
