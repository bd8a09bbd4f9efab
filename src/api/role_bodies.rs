//! What `/roles` and `/permissions` hear and say.

use std::collections::HashSet;

use poem_openapi::{Enum, Object};

use crate::domains::access::{Extent, Grants, Permission, Rank, RoleName};
use crate::domains::roles::{Granted, KnownPermission, NewRole, RoleView};
use crate::error::{Error, ErrorKind, FieldError};

/// What a permission that does not exist is told as.
const UNKNOWN_PERMISSION: &str = "unknown_permission";

/// How far a grant reaches: what one owns, all of one's tenant, or all tenants.
#[derive(Clone, Copy, Enum)]
#[oai(rename = "Extent", rename_all = "snake_case")]
pub(super) enum ExtentOut {
    Own,
    Tenant,
    All,
}

impl From<Extent> for ExtentOut {
    fn from(extent: Extent) -> Self {
        match extent {
            Extent::Own => Self::Own,
            Extent::Tenant => Self::Tenant,
            Extent::All => Self::All,
        }
    }
}

/// How far a grant is to reach: what one owns, or all of the tenant. Nobody in a tenant is granted all tenants.
#[derive(Clone, Copy, Enum)]
#[oai(rename = "GrantableExtent", rename_all = "snake_case")]
pub(super) enum ExtentIn {
    Own,
    Tenant,
}

impl From<ExtentIn> for Extent {
    fn from(extent: ExtentIn) -> Self {
        match extent {
            ExtentIn::Own => Self::Own,
            ExtentIn::Tenant => Self::Tenant,
        }
    }
}

/// Something that can be granted.
#[derive(Object)]
#[oai(rename = "Permission")]
pub(super) struct PermissionOut {
    /// Its name, `resource:action`.
    permission: String,
    /// What it allows.
    description: String,
    /// How far a role of the tenant's own can be granted it; empty for what only operators hold.
    grantable: Vec<ExtentOut>,
    /// How far the caller holds it; `null` if not at all.
    #[oai(nullable)]
    held: Option<ExtentOut>,
}

impl From<KnownPermission> for PermissionOut {
    fn from(known: KnownPermission) -> Self {
        Self {
            permission: known.permission.to_string(),
            description: known.permission.description().to_owned(),
            grantable: known.grantable.into_iter().map(ExtentOut::from).collect(),
            held: known.held.map(ExtentOut::from),
        }
    }
}

/// One grant of a role.
#[derive(Object)]
#[oai(rename = "Grant")]
struct GrantOut {
    /// What is granted.
    permission: String,
    /// How far.
    extent: ExtentOut,
}

/// A role of the tenant.
#[derive(Object)]
#[oai(rename = "Role")]
pub(super) struct RoleOut {
    /// Its name, which users have as their `role`.
    name: String,
    /// Where it stands: guests at 10, members at 20, admins at 30. One acts on users and roles of a lower rank only.
    rank: i32,
    /// Whether it is the program's own, which cannot be changed.
    builtin: bool,
    /// What it is for.
    description: String,
    /// What it is granted, by name.
    permissions: Vec<GrantOut>,
}

impl From<RoleView> for RoleOut {
    fn from(role: RoleView) -> Self {
        let granted = role.permissions.into_iter().map(|granted| GrantOut {
            permission: granted.permission.to_string(),
            extent: granted.extent.into(),
        });
        Self {
            builtin: role.name.built_in().is_some(),
            name: role.name.to_string(),
            rank: role.rank.0,
            description: role.description,
            permissions: granted.collect(),
        }
    }
}

/// One grant to be.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "GrantNew")]
pub(super) struct GrantIn {
    /// What is granted; GET /permissions lists what there is.
    #[oai(validator(min_length = 1, max_length = 100))]
    permission: String,
    /// How far.
    extent: ExtentIn,
}

/// All that a role is granted.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "RoleGrants")]
pub(super) struct GrantsIn {
    /// The grants; what is not named here is taken away.
    #[oai(validator(max_items = 200))]
    permissions: Vec<GrantIn>,
}

/// What makes a role.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "RoleNew")]
pub(super) struct RoleIn {
    /// Its name: a lower-case letter, then lower-case letters, digits and underscores; at most 63.
    #[oai(validator(max_length = 63, pattern = "^[a-z][a-z0-9_]{0,62}$"))]
    name: String,
    /// Where it stands, 1 to 29 and below the caller's own: guests are at 10, members at 20, admins at 30.
    #[oai(
        default = "between_guest_and_member",
        validator(minimum(value = "1"), maximum(value = "29"))
    )]
    rank: i32,
    /// What it is for; at most 1,000 characters.
    #[oai(default, validator(max_length = 1000))]
    description: String,
    /// What it is granted.
    #[oai(default, validator(max_items = 200))]
    permissions: Vec<GrantIn>,
}

fn between_guest_and_member() -> i32 {
    15
}

impl RoleIn {
    pub(super) fn parse(self) -> Result<NewRole, Error> {
        let mut mistakes = Vec::new();
        let name = self.name.parse::<RoleName>();
        let name =
            name.map_err(|e| mistakes.push(FieldError::new("/name", "format", e.to_string())));
        let grants = parse_all(&self.permissions, &mut mistakes);
        match name {
            Ok(name) if mistakes.is_empty() => Ok(NewRole {
                name,
                rank: Rank(self.rank),
                description: self.description,
                grants,
            }),
            _ => Err(refused(mistakes)),
        }
    }
}

impl GrantsIn {
    pub(super) fn parse(self) -> Result<Grants, Error> {
        let mut mistakes = Vec::new();
        let grants = parse_all(&self.permissions, &mut mistakes);
        if mistakes.is_empty() {
            Ok(grants)
        } else {
            Err(refused(mistakes))
        }
    }
}

impl GrantIn {
    pub(super) fn parse(self) -> Result<Granted, Error> {
        self.granted("").map_err(|mistake| refused(vec![mistake]))
    }

    fn granted(&self, pointer: &str) -> Result<Granted, FieldError> {
        let permission = self.permission.parse::<Permission>().map_err(|e| {
            let pointer = format!("{pointer}/permission");
            FieldError::new(pointer, UNKNOWN_PERMISSION, e.to_string())
        })?;
        let extent = Extent::from(self.extent);
        if permission.grantable().any(|reach| reach == extent) {
            return Ok(Granted { permission, extent });
        }
        let reaches: Vec<_> = permission.grantable().map(Extent::as_str).collect();
        let detail = if reaches.is_empty() {
            format!("`{permission}` is for the platform's operators alone")
        } else {
            format!(
                "expected {} for `{permission}`, came `{}`",
                reaches.join(" or "),
                extent.as_str()
            )
        };
        let pointer = format!("{pointer}/extent");
        Err(FieldError::new(pointer, "extent_not_grantable", detail))
    }
}

/// Permissions that do not exist have a code of their own, where nothing else is wrong.
fn refused(mistakes: Vec<FieldError>) -> Error {
    if mistakes
        .iter()
        .all(|mistake| mistake.code == UNKNOWN_PERMISSION)
    {
        let detail = "there is no such permission; GET /permissions lists them";
        Error::new(ErrorKind::Invalid, UNKNOWN_PERMISSION, detail).with_fields(mistakes)
    } else {
        Error::validation(mistakes)
    }
}

fn parse_all(list: &[GrantIn], mistakes: &mut Vec<FieldError>) -> Grants {
    let mut seen = HashSet::new();
    let mut grants = Grants::NONE;
    for (index, grant) in list.iter().enumerate() {
        let pointer = format!("/permissions/{index}");
        match grant.granted(&pointer) {
            Ok(granted) if seen.insert(granted.permission) => {
                grants = grants.with(granted.permission, Some(granted.extent));
            }
            Ok(granted) => {
                let detail = format!("expected `{}` once", granted.permission);
                mistakes.push(FieldError::new(pointer, "repeated_permission", detail));
            }
            Err(mistake) => mistakes.push(mistake),
        }
    }
    grants
}
