//! To a mail server, encrypted unless it is on this machine or somebody said otherwise.

use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::config::{ExposeSecret, RelayTls, SmtpRelay};

/// How long the server may take for one answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Refusals that are about us and not about the mail: somebody will mend our login, and the mail can wait for that.
const NOT_THE_MAILS_FAULT: [u16; 4] = [530, 534, 535, 538];

#[derive(Clone)]
pub(super) struct Smtp(AsyncSmtpTransport<Tokio1Executor>);

impl Smtp {
    pub(super) fn new(relay: &SmtpRelay) -> Result<Self, Error> {
        let tls = match relay.tls {
            RelayTls::Immediate => Tls::Wrapper(TlsParameters::new(relay.host.clone())?),
            RelayTls::StartTls => Tls::Required(TlsParameters::new(relay.host.clone())?),
            RelayTls::Off => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&relay.host)
            .port(relay.port)
            .tls(tls)
            .timeout(Some(PATIENCE));
        if let Some((login, password)) = &relay.login {
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(login.clone(), password));
        }
        Ok(Self(builder.build()))
    }

    pub(super) async fn send(&self, message: Message) -> Result<(), Error> {
        self.0.send(message).await.map(drop)
    }
}

/// Whether the server will never take this mail.
pub(super) fn refuses_the_mail(error: &Error) -> bool {
    let code = error.status().map(u16::from);
    error.is_permanent() && !code.is_some_and(|code| NOT_THE_MAILS_FAULT.contains(&code))
}
