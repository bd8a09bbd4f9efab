//! The codes of one secret: RFC 6238 as every app has it, with SHA-1, six digits and thirty seconds.

use chrono::{DateTime, Utc};
use totp_rs::{Builder, Totp, TotpError};

use super::error::MfaError;
use super::model::Setup;
use crate::ids::random_bytes;
use crate::vault::{Vault, VaultError};

/// What the seal is for.
const PURPOSE: &str = "totp";

/// 160 bits, as RFC 4226 recommends. Not shown.
pub(super) struct Secret(Vec<u8>);

impl Secret {
    pub(super) fn new() -> Result<Self, MfaError> {
        Ok(Self(random_bytes::<20>()?.to_vec()))
    }

    /// As the table has it.
    pub(super) fn seal(&self, vault: &Vault) -> Result<Vec<u8>, VaultError> {
        vault.seal(PURPOSE, &self.0)
    }

    pub(super) fn open(vault: &Vault, sealed: &[u8]) -> Result<Self, VaultError> {
        vault.open(PURPOSE, sealed).map(Self)
    }

    /// For the app of who signs in at `issuer` as `account`; neither has a colon.
    pub(super) fn setup(&self, issuer: &str, account: &str) -> Result<Setup, MfaError> {
        let builder = self.builder().with_issuer(Some(issuer));
        let totp = builder.with_account_name(account).build()?;
        Ok(Setup {
            secret: totp.secret().to_base32(),
            otpauth_url: totp.to_url()?,
        })
    }

    /// The step of time that `code` is for, if that is the present one or a neighbour of it.
    pub(super) fn step(&self, code: &str, now: DateTime<Utc>) -> Result<Option<i64>, MfaError> {
        let totp: Totp = self.builder().build()?;
        let now = u64::try_from(now.timestamp()).unwrap_or_default();
        let step = totp.check(code, now);
        Ok(step.and_then(|step| i64::try_from(step).ok()))
    }

    fn builder(&self) -> Builder {
        Builder::new().with_secret(self.0.as_slice())
    }
}

impl From<TotpError> for MfaError {
    fn from(error: TotpError) -> Self {
        Self::Totp(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret and the moments of RFC 6238, appendix B, with the last six of its eight digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = Secret(b"12345678901234567890".to_vec());
        for (moment, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
            let step = secret.step(code, at(moment)).unwrap();
            assert_eq!(step, Some(moment / 30));
            assert_eq!(secret.step(code, at(moment + 30)).unwrap(), step);
            assert_eq!(secret.step(code, at(moment + 60)).unwrap(), None);
        }
    }

    #[test]
    fn the_address_for_apps_names_tenant_and_account() {
        let setup = Secret(b"12345678901234567890".to_vec());
        let setup = setup.setup("acme", "ada@example.com").unwrap();
        assert_eq!(setup.secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let expected = format!(
            "otpauth://totp/acme:ada%40example.com?secret={}&issuer=acme",
            setup.secret
        );
        assert_eq!(setup.otpauth_url, expected);
    }
}
