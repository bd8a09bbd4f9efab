//! The text of a key: `tnt_`, the tenant's id, `_`, 43 random characters of base64url. Scanners find it by its form, and a request for another
//! tenant is told from it without a query.

use uuid::Uuid;

use crate::ids::{NoRandomness, random_token};
use crate::tenancy::TenantId;
use crate::vault::{Vault, VaultError};

/// What every key begins with.
const MARK: &str = "tnt_";
/// Digits of the tenant's id, in hexadecimal.
const TENANT: usize = 32;
/// Characters after the tenant, 256 bits.
const RANDOM: usize = 43;
/// How many of them are kept readable, so that people can tell keys apart. Some 220 bits stay.
const SHOWN: usize = 6;

/// See the module. Not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct KeySecret {
    tenant: TenantId,
    text: String,
}

impl KeySecret {
    pub(super) fn new(tenant: TenantId) -> Result<Self, NoRandomness> {
        let text = format!("{MARK}{}_{}", tenant.0.simple(), random_token()?);
        Ok(Self { tenant, text })
    }

    /// A text that has the form of one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (tenant, random) = text.strip_prefix(MARK)?.split_once('_')?;
        let is_random = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if tenant.len() != TENANT || random.len() != RANDOM || !random.bytes().all(is_random) {
            return None;
        }
        Some(Self {
            tenant: TenantId(Uuid::try_parse(tenant).ok()?),
            text: text.to_owned(),
        })
    }

    pub(super) fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// What may be kept readable.
    pub(super) fn prefix(&self) -> &str {
        &self.text[..MARK.len() + TENANT + 1 + SHOWN]
    }

    /// What the table has instead of the key.
    pub(super) fn hash(&self, vault: &Vault) -> Result<Vec<u8>, VaultError> {
        vault.hmac("api keys", self.text.as_bytes())
    }

    /// For its holder.
    pub fn reveal(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_with_its_tenant() {
        let tenant = TenantId(Uuid::from_u128(7));
        let key = KeySecret::new(tenant).unwrap();
        let prefix = key.prefix().to_owned();
        let text = key.reveal();
        assert!(text.starts_with(&prefix));
        assert_eq!(text.len() - prefix.len(), RANDOM - SHOWN);
        let read = KeySecret::parse(&text).unwrap();
        assert_eq!(read.tenant(), tenant);
        assert_eq!(read.reveal(), text);
    }

    #[test]
    fn what_has_another_form_is_no_key() {
        let text = KeySecret::new(TenantId(Uuid::nil())).unwrap().reveal();
        let cut = &text[..text.len() - 1];
        let others = [
            "",
            "tnt_",
            cut,
            &format!("{text}a"),
            &text.replace("tnt_", "sk_"),
            &format!("{cut}é"),
            &text.replacen("_0", "_g", 1),
        ];
        for other in others {
            assert!(KeySecret::parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn keys_differ_and_so_do_their_hashes_under_another_secret() {
        let tenant = TenantId(Uuid::nil());
        let key = KeySecret::new(tenant).unwrap();
        assert!(key != KeySecret::new(tenant).unwrap());
        let vault = |secret: &str| Vault::new(Some(&secret.into()));
        let hash = key.hash(&vault("one")).unwrap();
        assert_eq!(key.hash(&vault("one")).unwrap(), hash);
        assert_ne!(key.hash(&vault("two")).unwrap(), hash);
    }
}
