//! The SQL of projects. Every method demands the scope of its action, and filters by it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::error::ProjectError;
use super::model::{Project, ProjectChange};
use crate::domains::access::{ProjectsRead, ProjectsWrite, Scope};
use crate::tenancy::{DbError, Row, Scoped, Sql};

const FIND: Sql = Sql::new(
    "projects.find",
    "SELECT id, name, description, owner_id, created_at, updated_at FROM projects \
     WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)",
);
const PAGE: Sql = Sql::new(
    "projects.page",
    "SELECT id, name, description, owner_id, created_at, updated_at FROM projects \
     WHERE ($1::uuid IS NULL OR id > $1) AND ($2::uuid IS NULL OR owner_id = $2) \
     ORDER BY id LIMIT $3",
);
const INSERT: Sql = Sql::new(
    "projects.insert",
    "INSERT INTO projects (id, name, description, owner_id, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $5)",
);
const UPDATE: Sql = Sql::new(
    "projects.update",
    "UPDATE projects SET name = coalesce($3, name), description = coalesce($4, description), updated_at = $5 \
     WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2) \
     RETURNING id, name, description, owner_id, created_at, updated_at",
);
const DELETE: Sql = Sql::new(
    "projects.delete",
    "DELETE FROM projects WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)",
);

pub(super) async fn find(
    db: &mut Scoped,
    scope: &Scope<ProjectsRead>,
    id: Uuid,
) -> Result<Option<Project>, ProjectError> {
    let row = db.query_opt(&FIND, &[&id, &scope.owner()]).await?;
    Ok(row.as_ref().map(project_of).transpose()?)
}

/// Oldest first, those after the id `after`.
pub(super) async fn page(
    db: &mut Scoped,
    scope: &Scope<ProjectsRead>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Project>, ProjectError> {
    let rows = db.query(&PAGE, &[&after, &scope.owner(), &limit]).await?;
    Ok(rows.iter().map(project_of).collect::<Result<_, _>>()?)
}

pub(super) async fn insert(
    db: &mut Scoped,
    _scope: &Scope<ProjectsWrite>,
    project: &Project,
) -> Result<(), ProjectError> {
    let params: &[&dyn crate::tenancy::Param] = &[
        &project.id,
        &project.name,
        &project.description,
        &project.owner_id,
        &project.created_at,
    ];
    let result = db.execute(&INSERT, params).await;
    result.map(drop).map_err(|e| meaning(e, &project.name))
}

/// `None` where the scope does not reach the project.
pub(super) async fn update(
    db: &mut Scoped,
    scope: &Scope<ProjectsWrite>,
    id: Uuid,
    change: &ProjectChange,
    now: DateTime<Utc>,
) -> Result<Option<Project>, ProjectError> {
    let result = db
        .query_opt(
            &UPDATE,
            &[&id, &scope.owner(), &change.name, &change.description, &now],
        )
        .await;
    let row = result.map_err(|e| meaning(e, change.name.as_deref().unwrap_or_default()))?;
    Ok(row.as_ref().map(project_of).transpose()?)
}

/// Whether there was one to delete.
pub(super) async fn delete(
    db: &mut Scoped,
    scope: &Scope<ProjectsWrite>,
    id: Uuid,
) -> Result<bool, ProjectError> {
    Ok(db.execute(&DELETE, &[&id, &scope.owner()]).await? == 1)
}

/// What a named constraint says.
fn meaning(error: DbError, name: &str) -> ProjectError {
    match error.constraint() {
        Some("projects_name_key") => ProjectError::NameTaken(name.to_owned()),
        _ => error.into(),
    }
}

fn project_of(row: &Row) -> Result<Project, DbError> {
    Ok(Project {
        id: row.get("id")?,
        name: row.get("name")?,
        description: row.get("description")?,
        owner_id: row.get("owner_id")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
