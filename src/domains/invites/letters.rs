//! The words of the mail. It carries a token and no link: who accepts sends a password along, which takes a form of the tenant's own.

use super::model::Invite;
use crate::domains::mails::{Letter, Links};
use crate::tenancy::Tenant;

pub(super) fn invitation(tenant: &Tenant, invite: &Invite, token: &str) -> Letter {
    let path = "/api/v1/invites/accept";
    let Invite { email, role, .. } = invite;
    Letter {
        subject: format!("You are invited to {}", tenant.name),
        before: vec![
            "Hello,".to_owned(),
            format!(
                "you are invited to join {} as {role}, with the address {email}.",
                tenant.name
            ),
        ],
        step: Some(Links::call(
            &tenant.slug,
            "Choose a name and a password",
            path,
            token,
        )),
        after: vec![
            "It works once, within a week. If you do not know why you get this, ignore it: nothing happens."
                .to_owned(),
        ],
    }
}
