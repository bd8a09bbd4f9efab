//! Argon2id, off the async threads.
//!
//! Invariant: at most so many hashes run at once and so many wait; a flood of logins costs bounded memory and slows nobody else.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc;
use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash,
};
use secrecy::{ExposeSecret, SecretString};

use super::policy::NewPassword;
use super::threads::{Refused, Threads};
use crate::error::{Error, ErrorKind};

/// OWASP's minimum: 19 MiB, two passes, one lane.
const PARAMS: Params = Params::DEFAULT;

/// What a password is compared with where there is no account: the same work, and no password is known to fit. Written out, for making one at
/// each start would take the time and the memory of a login.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Callers that may wait for each hash that runs; the last of them waits about a second.
const WAITING_PER_SLOT: usize = 32;

/// An Argon2id hash as a PHC string. Not shown: it is worth as much as a weak password.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// One that was read from the database.
    pub(in crate::domains) fn stored(text: String) -> Self {
        Self(text)
    }

    /// For the database.
    pub(in crate::domains) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a password was not hashed or compared.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Too many are waiting already.
    #[error("too many sign-ins at once; try again in a second")]
    Busy,
    /// The stored hash cannot be read, or Argon2 refused.
    #[error("argon2 failed")]
    Argon2(#[from] password_hash::Error),
    /// The stored hash is no PHC string.
    #[error("a stored password hash is no PHC string")]
    Stored(#[from] phc::Error),
    /// The work on a thread broke down.
    #[error("a hashing thread broke down")]
    Lost,
    /// The threads could not be started.
    #[error("the hashing threads cannot be started")]
    Threads(#[from] std::io::Error),
}

/// Hashes and compares passwords. Cheap to clone; all clones share the limits.
#[derive(Clone)]
pub struct Hasher {
    inner: Arc<Inner>,
}

struct Inner {
    argon2: Argon2<'static>,
    threads: Threads,
}

impl Hasher {
    /// Runs `concurrency` hashes at once.
    pub fn new(concurrency: usize) -> Result<Self, HashError> {
        Ok(Self {
            inner: Arc::new(Inner {
                argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, PARAMS),
                threads: Threads::start(concurrency, concurrency * WAITING_PER_SLOT)?,
            }),
        })
    }

    /// Whether another comparison would be let in now. Who asks first spares a flood everything that comes before it.
    ///
    /// # Errors
    /// [`HashError::Busy`]
    pub fn has_room(&self) -> Result<(), HashError> {
        if self.inner.threads.has_room() {
            Ok(())
        } else {
            Err(HashError::Busy)
        }
    }

    /// Hashes a new password with a salt of its own.
    pub async fn hash(&self, password: &NewPassword) -> Result<PasswordHash, HashError> {
        self.hash_secret(password.secret()).await
    }

    /// Whether `password` is the one of `hash`. Without a hash it is not, and takes the same time.
    pub async fn verify(
        &self,
        password: &SecretString,
        hash: Option<&PasswordHash>,
    ) -> Result<bool, HashError> {
        let known = hash.is_some();
        let hash = hash.map(|hash| hash.0.clone());
        let password = password.clone();
        self.run(move |inner| {
            let hash = phc::PasswordHash::new(hash.as_deref().unwrap_or(DUMMY))?;
            match inner
                .argon2
                .verify_password(password.expose_secret().as_bytes(), &hash)
            {
                Ok(()) => Ok(known),
                Err(password_hash::Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// A new hash of a password that was just verified, if `old` was made with less work than is asked for today.
    pub async fn strengthen(
        &self,
        password: &SecretString,
        old: &PasswordHash,
    ) -> Result<Option<PasswordHash>, HashError> {
        if is_strong_enough(old)? {
            return Ok(None);
        }
        self.hash_secret(password).await.map(Some)
    }

    async fn hash_secret(&self, password: &SecretString) -> Result<PasswordHash, HashError> {
        let password = password.clone();
        self.run(move |inner| {
            let hash = inner
                .argon2
                .hash_password(password.expose_secret().as_bytes())?;
            Ok(PasswordHash(hash.to_string()))
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let inner = Arc::clone(&self.inner);
        let done = self.inner.threads.run(move || work(&inner)).await;
        done.map_err(|refused| match refused {
            Refused::Busy => HashError::Busy,
            Refused::Lost => HashError::Lost,
        })?
    }
}

fn is_strong_enough(hash: &PasswordHash) -> Result<bool, HashError> {
    let hash = phc::PasswordHash::new(&hash.0)?;
    let params = Params::try_from(&hash)?;
    Ok(hash.algorithm == ARGON2ID_IDENT
        && params.m_cost() >= PARAMS.m_cost()
        && params.t_cost() >= PARAMS.t_cost()
        && params.p_cost() >= PARAMS.p_cost())
}

impl From<HashError> for Error {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::new(ErrorKind::Unavailable, "login_busy", error.to_string())
                .retry_after(Duration::from_secs(1)),
            other => Self::internal(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::time::Instant;

    use futures_util::FutureExt;

    use super::*;

    fn password() -> SecretString {
        "correct horse battery".into()
    }

    #[test]
    fn comparing_with_nobodys_hash_is_as_much_work() {
        let dummy = phc::PasswordHash::new(DUMMY).unwrap();
        let params = Params::try_from(&dummy).unwrap();
        let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        assert_eq!(cost(&params), cost(&PARAMS));
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, PARAMS);
        let real = hasher.hash_password(b"correct horse battery").unwrap();
        let sizes = |hash: &phc::PasswordHash| {
            let salt = hash.salt.as_ref().unwrap();
            (salt.len(), hash.hash.as_ref().unwrap().len())
        };
        assert_eq!(sizes(&dummy), sizes(&real));
    }

    #[tokio::test]
    async fn a_hash_fits_its_own_password_alone() {
        let hasher = Hasher::new(1).unwrap();
        let new = NewPassword::parse(password()).unwrap();
        let hash = hasher.hash(&new).await.unwrap();
        assert!(
            hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{}",
            hash.0
        );
        assert!(hasher.verify(&password(), Some(&hash)).await.unwrap());
        assert!(!hasher.verify(&"another".into(), Some(&hash)).await.unwrap());
        assert!(!hasher.verify(&password(), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_weaker_hash_is_made_anew_and_a_strong_one_kept() {
        let hasher = Hasher::new(1).unwrap();
        let weak = Argon2::from(Params::new(8, 1, 1, None).unwrap());
        let weak = weak
            .hash_password(password().expose_secret().as_bytes())
            .unwrap();
        let weak = PasswordHash(weak.to_string());
        let strong = hasher
            .strengthen(&password(), &weak)
            .await
            .unwrap()
            .unwrap();
        assert!(hasher.verify(&password(), Some(&strong)).await.unwrap());
        assert!(
            hasher
                .strengthen(&password(), &strong)
                .await
                .unwrap()
                .is_none()
        );
    }

    #[tokio::test]
    async fn so_many_run_at_once_so_many_wait_and_the_rest_is_refused() {
        static RUNNING: AtomicUsize = AtomicUsize::new(0);
        static GATE: AtomicBool = AtomicBool::new(false);
        let hasher = Hasher::new(2).unwrap();
        let one = || {
            Box::pin(hasher.run(|_| {
                let running = RUNNING.fetch_add(1, Ordering::SeqCst) + 1;
                while !GATE.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_millis(1));
                }
                std::thread::sleep(Duration::from_millis(2));
                RUNNING.fetch_sub(1, Ordering::SeqCst);
                Ok(running)
            }))
        };
        // All ask before the first is done.
        let mut asked: Vec<_> = (0..100).map(|_| one()).collect();
        let answers: Vec<_> = asked.iter_mut().map(FutureExt::now_or_never).collect();
        let begun = Instant::now();
        while RUNNING.load(Ordering::SeqCst) < 2 && begun.elapsed() < Duration::from_secs(20) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        GATE.store(true, Ordering::SeqCst);
        let refused = answers
            .iter()
            .filter(|answer| matches!(answer, Some(Err(HashError::Busy))))
            .count();
        let waiting = asked.into_iter().zip(&answers);
        let waiting = waiting.filter_map(|(one, answer)| answer.is_none().then_some(one));
        let results = futures_util::future::join_all(waiting).await;
        let most = results.into_iter().map(Result::unwrap).max();
        assert_eq!(refused, 100 - 2 * (1 + WAITING_PER_SLOT));
        assert_eq!(most, Some(2));
        assert!(one().await.is_ok(), "room is made again");
    }
}
