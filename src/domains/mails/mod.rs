//! Mails: queued in the transaction of what they tell of, sent by any node, gone once sent.
//!
//! Invariant: a mail is sent at least once, or is given up and stays in the queue to be seen; its `Message-ID` is the same each time.

mod caught;
mod letter;
mod links;
mod model;
mod queue;
mod repository;
mod sender;
mod transport;

pub use caught::{CaughtMail, CaughtMails};
pub use letter::Letter;
pub use links::{Links, Step};
pub use model::{Mail, QueueState};
pub use queue::{enqueue, state};
pub use sender::Sender;
pub use transport::{Transport, TransportError};
