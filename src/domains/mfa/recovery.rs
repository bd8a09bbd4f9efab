//! Recovery codes: ten, of fifty random bits each, such as `k7dmp-3x9qa`. At five tries in five minutes that is out of reach.

use uuid::Uuid;

use crate::ids::{NoRandomness, random_bytes};
use crate::vault::{Vault, VaultError};

/// How many a user has.
const COUNT: usize = 10;
/// Characters of one, without the hyphen.
const LENGTH: usize = 10;
/// Thirty-two that are not mistaken for one another.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstvwxyz0123456789";

/// New ones, as people read them.
pub(super) fn codes() -> Result<Vec<String>, NoRandomness> {
    let mut codes = Vec::with_capacity(COUNT);
    for _ in 0..COUNT {
        let bytes = random_bytes::<LENGTH>()?;
        let mut code: String = bytes.iter().map(|byte| letter(*byte)).collect();
        code.insert(LENGTH / 2, '-');
        codes.push(code);
    }
    Ok(codes)
}

/// What the table has instead of a user's code. Case, hyphens and spaces do not count.
pub(super) fn hash(vault: &Vault, user: Uuid, code: &str) -> Result<Vec<u8>, VaultError> {
    let code = code.chars().filter(|c| !matches!(c, '-' | ' '));
    let code: String = code.map(|c| c.to_ascii_lowercase()).collect();
    vault.hmac(
        "recovery codes",
        &[user.as_bytes(), code.as_bytes()].concat(),
    )
}

fn letter(byte: u8) -> char {
    char::from(ALPHABET[usize::from(byte) % ALPHABET.len()])
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_code_is_another() {
        let codes: HashSet<_> = codes().unwrap().into_iter().collect();
        assert_eq!(codes.len(), COUNT);
        assert!(codes.iter().all(|code| code.len() == LENGTH + 1));
    }

    #[test]
    fn a_code_may_be_typed_as_it_comes_and_is_its_users_alone() {
        let vault = Vault::new(Some(&"secret".into()));
        let (ada, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let kept = hash(&vault, ada, "k7dmp-3x9qa").unwrap();
        assert_eq!(hash(&vault, ada, " K7DMP 3X9QA").unwrap(), kept);
        assert_ne!(hash(&vault, ada, "k7dmp-3x9qb").unwrap(), kept);
        assert_ne!(hash(&vault, bob, "k7dmp-3x9qa").unwrap(), kept);
    }
}
