//! Who may do what with one key. What may be done in general, the permissions say.

use super::error::ApiKeyError;
use super::model::ApiKey;
use crate::domains::access::{Actor, Authority, Context, Denied, Permission};

/// The permissions that a key is limited to, as far as this program knows them.
pub(super) fn known(scopes: &[String]) -> Vec<Permission> {
    let parsed = scopes.iter().map(|scope| scope.parse());
    parsed.filter_map(Result::ok).collect()
}

/// Each scope must be a permission that the caller, the owner to be, has now.
pub(super) fn may_limit_to(context: &Context, scopes: &[String]) -> Result<(), ApiKeyError> {
    let places = |wrong: &dyn Fn(&String) -> bool| -> Vec<usize> {
        let scopes = scopes.iter().enumerate();
        scopes.filter(|(_, s)| wrong(s)).map(|(i, _)| i).collect()
    };
    let unknown = places(&|scope| scope.parse::<Permission>().is_err());
    if !unknown.is_empty() {
        return Err(ApiKeyError::UnknownPermission(unknown));
    }
    let has = |permission| {
        let authority = context.authority();
        authority.is_none_or(|own| own.grants().extent(permission).is_some())
    };
    let beyond = places(&|scope| !scope.parse().is_ok_and(has));
    if beyond.is_empty() {
        Ok(())
    } else {
        Err(ApiKeyError::ScopeBeyondOwner(beyond))
    }
}

/// Somebody else's key is touched from strictly above its owner alone, as the owner themselves is.
pub(super) fn may_touch(context: &Context, key: &ApiKey, owner: &Authority) -> Result<(), Denied> {
    let own = matches!(context.actor(), Actor::User(user) if user.id == key.owner_id);
    if own || context.outranks(owner.rank()) {
        Ok(())
    } else {
        Err(Denied::Hierarchy(owner.role().clone()))
    }
}

/// Who rotates somebody else's key holds it afterwards, so it must not be able to do what they cannot.
pub(super) fn may_hold(context: &Context, key: &ApiKey, owner: &Authority) -> Result<(), Denied> {
    may_touch(context, key, owner)?;
    let grants = owner.grants().limited_to(&known(&key.scopes));
    let Some(own) = context.authority() else {
        return Ok(());
    };
    let mut beyond = grants.iter();
    let beyond =
        beyond.find(|(permission, extent)| own.grants().extent(*permission) < Some(*extent));
    match beyond {
        Some((permission, _)) => Err(Denied::Permission(permission)),
        None => Ok(()),
    }
}
