//! A tenant of the soak: what it is called, who is signed in there, and which refusals it may give now.
//!
//! Invariant: all that is written into a tenant carries its marker, so an answer with another marker is another's.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use reqwest::header::HeaderName;

/// A status and the problem's code.
pub type Refusal = (u16, &'static str);

/// A server hears of what another process did this much later, on a busy machine.
pub const HEARD: Duration = Duration::from_secs(5);

const MARK: &str = "mk";
const DIGITS: usize = 4;

/// See the module.
pub struct Tenant {
    number: usize,
    pub id: String,
    /// A project that is always there.
    pub landmark: String,
    /// The value of a flag that is always there. A copy, whose marker is its source's, has another.
    pub flag: String,
    slug: Mutex<String>,
    session: Mutex<Session>,
    trouble: Mutex<Vec<Trouble>>,
}

/// A sign-in.
#[derive(Clone)]
pub struct Session {
    pub token: String,
    /// When it was asked for.
    pub since: Instant,
}

struct Trouble {
    refusals: &'static [Refusal],
    /// Whether whoever signed in before its end is signed out.
    ends_sessions: bool,
    /// `None` while it lasts.
    ended: Option<Instant>,
}

impl Tenant {
    pub fn new(number: usize, id: String, landmark: String, session: Session) -> Self {
        Self {
            number,
            id,
            landmark,
            flag: marker(number),
            slug: Mutex::new(slug(number)),
            session: Mutex::new(session),
            trouble: Mutex::default(),
        }
    }

    /// A tenant with the same rows, and the same ids, but for its flag.
    pub fn copy(&self, id: String, slug: String, session: Session) -> Self {
        let mut copy = Self::new(self.number, id, self.landmark.clone(), session);
        copy.flag = format!("{}, a copy {slug}", self.marker());
        copy.rename(slug);
        copy
    }

    /// Whether one is the other, or a copy of the other.
    pub fn is_like(&self, other: &Self) -> bool {
        self.number == other.number
    }

    /// In every name that is written there.
    pub fn marker(&self) -> String {
        marker(self.number)
    }

    /// Its only user, an admin.
    pub fn email(&self) -> String {
        email(self.number)
    }

    pub fn slug(&self) -> String {
        self.slug.lock().unwrap().clone()
    }

    /// It is called so from now on.
    pub fn rename(&self, slug: String) {
        *self.slug.lock().unwrap() = slug;
    }

    /// The header that names it, by slug or by id.
    pub fn name(&self) -> (HeaderName, String) {
        let value = if fastrand::bool() {
            self.slug()
        } else {
            self.id.clone()
        };
        (HeaderName::from_static("x-tenant-id"), value)
    }

    pub fn session(&self) -> Session {
        self.session.lock().unwrap().clone()
    }

    pub fn signed_in(&self, session: Session) {
        *self.session.lock().unwrap() = session;
    }

    /// From now until the value is dropped, and for as long as that may take to be heard, it may refuse so.
    pub fn may(&self, refusals: &'static [Refusal]) -> InTrouble<'_> {
        self.begin(refusals, false)
    }

    /// The same, and whoever is signed in is signed out.
    pub fn may_end_sessions(&self, refusals: &'static [Refusal]) -> InTrouble<'_> {
        self.begin(refusals, true)
    }

    fn begin(&self, refusals: &'static [Refusal], ends_sessions: bool) -> InTrouble<'_> {
        self.trouble.lock().unwrap().push(Trouble {
            refusals,
            ends_sessions,
            ended: None,
        });
        InTrouble(self)
    }

    /// Whether a request that was sent at `asked`, with a session from `since`, may be refused so.
    pub fn may_refuse(&self, asked: Instant, since: Instant, refusal: (u16, &str)) -> bool {
        self.trouble.lock().unwrap().iter().any(|trouble| {
            let reaches = |from: Instant, later: Duration| {
                trouble.ended.is_none_or(|ended| from <= ended + later)
            };
            let signed_out = trouble.ends_sessions && refusal == (401, "invalid_token");
            (signed_out && reaches(since, Duration::ZERO))
                || (trouble.refusals.contains(&refusal) && reaches(asked, HEARD))
        })
    }

    /// The first marker in `text` that is not its own.
    pub fn foreign<'t>(&self, text: &'t str) -> Option<&'t str> {
        let own = self.marker();
        let marks = text.match_indices(MARK).filter_map(|(at, _)| {
            let mark = text.get(at..at + MARK.len() + DIGITS)?;
            let digits = mark[MARK.len()..].bytes().all(|b| b.is_ascii_digit());
            digits.then_some(mark)
        });
        marks.into_iter().find(|mark| *mark != own)
    }
}

/// A tenant may refuse while this lives. A tenant is in one trouble at a time.
pub struct InTrouble<'t>(&'t Tenant);

impl Drop for InTrouble<'_> {
    fn drop(&mut self) {
        let mut trouble = self.0.trouble.lock().unwrap();
        for open in trouble.iter_mut().filter(|trouble| trouble.ended.is_none()) {
            open.ended = Some(Instant::now());
        }
    }
}

pub fn marker(number: usize) -> String {
    format!("{MARK}{number:0DIGITS$}")
}

pub fn slug(number: usize) -> String {
    format!("soak-{}", marker(number))
}

pub fn email(number: usize) -> String {
    format!("ada@{}.example", marker(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acme() -> Tenant {
        let session = Session {
            token: String::new(),
            since: Instant::now(),
        };
        Tenant::new(7, String::new(), String::new(), session)
    }

    #[test]
    fn anothers_marker_is_found_and_ones_own_is_not() {
        let acme = acme();
        let own = format!("{} and {}, {}", marker(7), email(7), slug(7));
        assert_eq!(acme.foreign(&own), None);
        let both = own + &slug(12);
        assert_eq!(acme.foreign(&both), Some("mk0012"));
        assert_eq!(acme.foreign("mk12 is none, mk"), None);
    }

    #[test]
    fn a_refusal_is_excused_by_its_own_trouble_alone() {
        const GONE: Refusal = (410, "tenant_deleted");
        let acme = acme();
        let before = acme.session().since;
        let asked = Instant::now();
        assert!(!acme.may_refuse(asked, before, GONE));
        let trouble = acme.may_end_sessions(&[GONE]);
        assert!(acme.may_refuse(asked, before, GONE));
        assert!(!acme.may_refuse(asked, before, (503, "database_busy")));
        drop(trouble);
        assert!(acme.may_refuse(asked, before, (401, "invalid_token")));
        let after = Instant::now() + HEARD + HEARD;
        assert!(!acme.may_refuse(after, after, (401, "invalid_token")));
        assert!(!acme.may_refuse(after, after, GONE));
    }
}
