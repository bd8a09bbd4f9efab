//! The words of the mails.

use super::model::Person;
use crate::domains::mails::{Letter, Links, Step};
use crate::domains::users::Email;
use crate::tenancy::{Slug, Tenant};

const ONCE: &str = "It works once, within an hour.";

/// `slug` and `tenant` are the tenant's two names; it may be about to come into being.
pub(super) fn verify(links: &Links, slug: &Slug, tenant: &str, name: &str, token: &str) -> Letter {
    let path = "/api/v1/auth/verify-email";
    letter(
        "Confirm your e-mail address",
        name,
        format!("please confirm that this is the address of your account at {tenant}."),
        Some(links.page(slug, "Confirm this address", path, token)),
        format!("{ONCE} If you have no account there, ignore this mail."),
    )
}

pub(super) fn reset(tenant: &Tenant, person: &Person, token: &str) -> Letter {
    let path = "/api/v1/auth/reset-password";
    letter(
        "Set a new password",
        &person.name,
        format!(
            "somebody, we hope you, asked for a new password of your account at {}.",
            tenant.name
        ),
        Some(Links::call(&tenant.slug, "Set a new password", path, token)),
        format!("{ONCE} If it was not you, ignore this mail: your password stays as it is."),
    )
}

/// To the new address.
pub(super) fn change(links: &Links, tenant: &Tenant, person: &Person, token: &str) -> Letter {
    let path = "/api/v1/auth/confirm-email-update";
    letter(
        "Confirm your new e-mail address",
        &person.name,
        format!(
            "this is to be the new address of your account at {}.",
            tenant.name
        ),
        Some(links.page(&tenant.slug, "Take this address", path, token)),
        format!("{ONCE} If you did not expect this, ignore this mail: nothing changes."),
    )
}

/// To the old address, whose owner may know nothing of it.
pub(super) fn change_asked(tenant: &Tenant, person: &Person, new: &Email) -> Letter {
    letter(
        "Your e-mail address is to be changed",
        &person.name,
        format!(
            "the address of your account at {} is to be {new}, as soon as that address confirms.",
            tenant.name
        ),
        None,
        "If you did not expect this, set a new password and tell your admin.".to_owned(),
    )
}

fn letter(subject: &str, name: &str, why: String, step: Option<Step>, after: String) -> Letter {
    Letter {
        subject: subject.to_owned(),
        before: vec![format!("Hello {name},"), why],
        step,
        after: vec![after],
    }
}
