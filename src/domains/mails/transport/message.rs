//! A queued mail in the form that travels.

use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};

use super::super::model::Queued;
use super::TransportError;

/// The same mail has the same `Message-ID` however often it is sent, so that who gets it twice can tell.
pub(super) fn of(from: &Mailbox, queued: &Queued) -> Result<Message, TransportError> {
    let to: Address = queued.mail.to.as_str().parse()?;
    let id = format!("<{}@{}>", queued.id, from.email.domain());
    let body =
        MultiPart::alternative_plain_html(queued.mail.text.clone(), queued.mail.html.clone());
    let message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(queued.mail.subject.clone())
        .date(queued.created_at.into())
        .message_id(Some(id))
        .multipart(body)?;
    Ok(message)
}
