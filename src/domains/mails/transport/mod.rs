//! The way out of the program: a mail server, or in development mode a folder.

mod message;
mod smtp;

use std::path::PathBuf;

use lettre::message::Mailbox;

use super::caught::{CaughtMail, CaughtMails};
use super::model::Queued;
use crate::config::{MailConfig, MailTransport};
use smtp::Smtp;

/// Takes mails and gives them to somebody. Cheap to clone.
#[derive(Clone)]
pub struct Transport {
    from: Mailbox,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Smtp(Smtp),
    Folder { dir: PathBuf, caught: CaughtMails },
}

/// A mail that did not get through.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The mail server did not take it.
    #[error("the mail server did not take it: {0}")]
    Smtp(#[from] lettre::transport::smtp::Error),
    /// It has no recipient.
    #[error("its recipient is no address: {0}")]
    Recipient(#[from] lettre::address::AddressError),
    /// No mail can be made of it.
    #[error("no mail can be made of it: {0}")]
    Message(#[from] lettre::error::Error),
    /// The folder did not take it.
    #[error("the folder for caught mails cannot be written: {0}")]
    Folder(#[from] std::io::Error),
}

impl TransportError {
    /// Whether trying again makes no sense.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Smtp(error) => smtp::refuses_the_mail(error),
            Self::Recipient(_) | Self::Message(_) => true,
            Self::Folder(_) => false,
        }
    }
}

impl Transport {
    /// As configured; `None` where nobody takes mails.
    pub fn new(config: &MailConfig) -> Result<Option<Self>, TransportError> {
        let way = match &config.transport {
            MailTransport::Smtp(relay) => Way::Smtp(Smtp::new(relay)?),
            MailTransport::Catcher(dir) => Way::Folder {
                dir: dir.clone(),
                caught: CaughtMails::default(),
            },
            MailTransport::Nobody => return Ok(None),
        };
        let from = config.from.clone();
        Ok(Some(Self { from, way }))
    }

    /// What was caught, where mails are.
    pub fn caught(&self) -> Option<&CaughtMails> {
        match &self.way {
            Way::Folder { caught, .. } => Some(caught),
            Way::Smtp(_) => None,
        }
    }

    pub(super) async fn send(&self, queued: &Queued) -> Result<(), TransportError> {
        let message = message::of(&self.from, queued)?;
        match &self.way {
            Way::Smtp(smtp) => smtp.send(message).await?,
            Way::Folder { dir, caught } => {
                tokio::fs::create_dir_all(dir).await?;
                let file = dir.join(format!("{}.eml", queued.id));
                tokio::fs::write(file, message.formatted()).await?;
                caught.add(CaughtMail {
                    mail: queued.mail.clone(),
                    at: queued.created_at,
                });
            }
        }
        Ok(())
    }
}
