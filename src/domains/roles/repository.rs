//! The SQL of roles. Roles belong to the tenant, nobody owns one: passing the first layer is all that the scope tells. Only the lookup on
//! the way of a request goes round it, by name.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use super::error::RoleError;
use super::model::{OWN_ROLES_MAX, RoleView};
use crate::domains::access::{
    Authority, Extent, Grants, Permission, PermissionsManage, PermissionsView, Rank, RoleName,
    Scope,
};
use crate::tenancy::{DbError, Param, Row, Scoped, Sql};

macro_rules! select_roles {
    ($condition:literal) => {
        concat!(
            "SELECT r.name, r.rank, r.description, \
             coalesce(array_agg(p.permission) FILTER (WHERE p.role IS NOT NULL), '{}') AS permissions, \
             coalesce(array_agg(p.extent) FILTER (WHERE p.role IS NOT NULL), '{}') AS extents \
             FROM roles r LEFT JOIN role_permissions p ON p.role = r.name WHERE ",
            $condition,
            " GROUP BY r.name ORDER BY r.rank, r.name"
        )
    };
}

const LIST: Sql = Sql::new("roles.list", select_roles!("true"));
const OWN: Sql = Sql::new("roles.own", select_roles!("NOT r.builtin"));
const FIND: Sql = Sql::new("roles.find", select_roles!("r.name = $1"));
const LOCK: Sql = Sql::new(
    "roles.lock",
    "SELECT 1 FROM roles WHERE name = $1 FOR UPDATE",
);
const INSERT: Sql = Sql::new(
    "roles.insert",
    "INSERT INTO roles (name, rank, description, created_at, updated_at) \
     SELECT $1, $2, $3, $4, $4 WHERE (SELECT count(*) FROM roles WHERE NOT builtin) < $5",
);
const GRANT: Sql = Sql::new(
    "roles.grant",
    "WITH wanted AS (SELECT * FROM unnest($2, $3) AS wanted (permission, extent)), \
     gone AS ( \
         DELETE FROM role_permissions WHERE role = $1 AND permission NOT IN (SELECT permission FROM wanted) \
     ), touched AS (UPDATE roles SET updated_at = $4 WHERE name = $1) \
     INSERT INTO role_permissions (role, permission, extent) SELECT $1, permission, extent FROM wanted \
     ON CONFLICT (role, permission) DO UPDATE SET extent = excluded.extent",
);
const DELETE: Sql = Sql::new("roles.delete", "DELETE FROM roles WHERE name = $1");

/// From the lowest.
pub(super) async fn list(
    db: &mut Scoped,
    _scope: &Scope<PermissionsView>,
) -> Result<Vec<RoleView>, DbError> {
    let rows = db.query(&LIST, &[]).await?;
    rows.iter().map(role_of).collect()
}

pub(super) async fn find(
    db: &mut Scoped,
    _scope: &Scope<PermissionsView>,
    name: &RoleName,
) -> Result<Option<RoleView>, DbError> {
    let row = db.query_opt(&FIND, &[&name.as_str()]).await?;
    row.as_ref().map(role_of).transpose()
}

/// The same, and nobody else changes it until the transaction ends.
pub(super) async fn lock(
    db: &mut Scoped,
    _scope: &Scope<PermissionsManage>,
    name: &RoleName,
) -> Result<Option<RoleView>, DbError> {
    // A statement of its own: what it is granted must be read after whoever had the lock is done.
    if db.query_opt(&LOCK, &[&name.as_str()]).await?.is_none() {
        return Ok(None);
    }
    let row = db.query_opt(&FIND, &[&name.as_str()]).await?;
    row.as_ref().map(role_of).transpose()
}

/// Round the scope, on the way of a request: what the tenant's own roles may do.
pub(super) async fn authorities(db: &mut Scoped) -> Result<Vec<Authority>, DbError> {
    let rows = db.query(&OWN, &[]).await?;
    let authority = |row| {
        Ok(Authority::new(
            parsed(row, "name")?,
            rank(row)?,
            grants(row)?.with_oneself(),
        ))
    };
    rows.iter().map(authority).collect()
}

pub(super) async fn insert(
    db: &mut Scoped,
    _scope: &Scope<PermissionsManage>,
    role: &RoleView,
    now: DateTime<Utc>,
) -> Result<(), RoleError> {
    let (name, rank) = (role.name.as_str(), role.rank.0);
    let params: &[&dyn Param] = &[&name, &rank, &role.description, &now, &OWN_ROLES_MAX];
    match db.execute(&INSERT, params).await {
        Ok(1) => Ok(()),
        Ok(_) => Err(RoleError::TooMany),
        Err(error) if error.constraint() == Some("roles_pkey") => {
            Err(RoleError::Taken(role.name.clone()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Makes what `role` says all that it is granted.
pub(super) async fn grant(
    db: &mut Scoped,
    _scope: &Scope<PermissionsManage>,
    role: &RoleView,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let granted = role.permissions.iter();
    let granted = granted.map(|g| (g.permission.as_str(), g.extent.as_str()));
    let (permissions, extents): (Vec<String>, Vec<String>) =
        granted.map(|(p, e)| (p.to_owned(), e.to_owned())).unzip();
    let params: &[&dyn Param] = &[&role.name.as_str(), &permissions, &extents, &now];
    db.execute(&GRANT, params).await.map(drop)
}

pub(super) async fn delete(
    db: &mut Scoped,
    _scope: &Scope<PermissionsManage>,
    name: &RoleName,
) -> Result<(), RoleError> {
    let result = db.execute(&DELETE, &[&name.as_str()]).await;
    result.map(drop).map_err(|error| match error.constraint() {
        Some("users_role_fkey" | "invites_role_fkey") => RoleError::InUse(name.clone()),
        _ => error.into(),
    })
}

fn role_of(row: &Row) -> Result<RoleView, DbError> {
    let name = parsed(row, "name")?;
    let (rank, grants) = (rank(row)?, grants(row)?);
    Ok(RoleView::new(name, rank, row.get("description")?, &grants))
}

fn rank(row: &Row) -> Result<Rank, DbError> {
    Ok(Rank(row.get("rank")?))
}

/// A permission that this binary does not know grants nothing here, and neither does one that is not to be granted so far.
fn grants(row: &Row) -> Result<Grants, DbError> {
    let permissions: Vec<String> = row.get("permissions")?;
    let extents: Vec<String> = row.get("extents")?;
    let known = |(permission, extent): (String, String)| {
        let permission = permission.parse::<Permission>().ok()?;
        Some((permission, extent.parse::<Extent>().ok()?))
    };
    let pairs = permissions.into_iter().zip(extents);
    let grantable = |(permission, extent): &(Permission, Extent)| {
        permission.grantable().any(|known| known == *extent)
    };
    Ok(pairs.filter_map(known).filter(grantable).collect())
}

fn parsed<T: FromStr<Err: Display>>(row: &Row, column: &'static str) -> Result<T, DbError> {
    let text: String = row.get(column)?;
    text.parse().map_err(|e: T::Err| DbError::Inconsistent {
        column,
        reason: e.to_string(),
    })
}
