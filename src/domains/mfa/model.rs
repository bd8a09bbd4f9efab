//! What a second factor is.

use chrono::{DateTime, Utc};

/// What a user may know of their second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MfaState {
    /// Since when sign-ins ask for it; `None` while they do not.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Recovery codes that still work.
    pub recovery_codes_left: i64,
}

/// What an authenticator app needs, the one time that it is told.
#[derive(Clone, PartialEq, Eq)]
pub struct Setup {
    /// The secret in base32, to be typed.
    pub secret: String,
    /// The same as `otpauth://…`, to be shown as a QR code.
    pub otpauth_url: String,
}

/// The row of a user's factor.
pub(super) struct Factor {
    /// Sealed.
    pub(super) secret: Vec<u8>,
    pub(super) confirmed_at: Option<DateTime<Utc>>,
}
