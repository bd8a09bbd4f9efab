//! Which secret sealed the second factors of a copy, and whether they can be opened here.
//!
//! Invariant: what is told of a secret tells it from others, and nothing of it.

use super::file::Manifest;
use crate::vault::Vault;

/// Tells one secret from another, and nothing of it; `None` where there is no secret.
pub(super) fn seal(vault: &Vault) -> Option<String> {
    let sum = vault.hmac("which secret", b"exports").ok()?;
    Some(
        sum.iter()
            .take(16)
            .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}")),
    )
}

/// Why what is sealed in the copy cannot be opened here, and what to do; `None` where it can.
pub(super) fn why_closed(manifest: &Manifest, vault: &Vault) -> Option<&'static str> {
    match (seal(vault), &manifest.sealed_by) {
        (Some(ours), Some(theirs)) if ours == *theirs => None,
        (None, _) => {
            Some("neither APP_SECRET nor JWT_SECRET is set; set the one that the server has")
        }
        (_, None) => Some(
            "the export does not say under which secret they are sealed; make it anew where APP_SECRET is set",
        ),
        _ => Some("they are sealed under another APP_SECRET; set the same"),
    }
}
