//! Who may do what with one project. What may be done in general, the permissions say.

use super::model::Project;
use crate::domains::access::{Action, Denied, Scope};

/// Owners change their own project; whoever's scope is the tenant changes all.
pub(super) fn may_change<A: Action>(scope: &Scope<A>, project: &Project) -> Result<(), Denied> {
    match scope.owner() {
        Some(actor) if Some(actor) != project.owner_id => Err(Denied::NotOwner),
        _ => Ok(()),
    }
}
