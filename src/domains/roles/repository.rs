//! The SQL of roles.

use crate::domains::access::{Extent, Grants, Permission, Rank, RoleName};
use crate::tenancy::{DbError, Scoped, Sql};

const RANK: Sql = Sql::new("roles.rank", "SELECT rank FROM roles WHERE name = $1");
const GRANTS: Sql = Sql::new(
    "roles.grants",
    "SELECT permission, extent FROM role_permissions WHERE role = $1",
);

/// Where a role of the tenant's own stands, and what it is granted.
pub(super) async fn find(
    db: &mut Scoped,
    role: &RoleName,
) -> Result<Option<(Rank, Grants)>, DbError> {
    let Some(row) = db.query_opt(&RANK, &[&role.as_str()]).await? else {
        return Ok(None);
    };
    let rank = Rank(row.get("rank")?);
    let rows = db.query(&GRANTS, &[&role.as_str()]).await?;
    let mut granted = Vec::with_capacity(rows.len());
    for row in rows {
        let (permission, extent): (String, String) = (row.get("permission")?, row.get("extent")?);
        // A permission that this binary does not know grants nothing here.
        let known = (permission.parse::<Permission>(), extent.parse::<Extent>());
        if let (Ok(permission), Ok(extent)) = known {
            granted.push((permission, extent));
        }
    }
    Ok(Some((rank, granted.into_iter().collect())))
}
