//! What a refresh token is worth when it comes: the rules, without the database.

use chrono::{DateTime, TimeDelta, Utc};

use super::model::Session;

/// How long a used token still works: tabs of one browser refresh at the same moment with the same token.
const GRACE: TimeDelta = TimeDelta::seconds(10);

/// How many pairs one token gives, the first one and those within the grace: more than anybody has tabs that wake at once, and few enough
/// that a thief cannot multiply it.
const PAIRS: i32 = 10;

/// A refresh token that is known.
pub(super) struct Found {
    pub(super) session: Session,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) used_at: Option<DateTime<Utc>>,
    /// How many pairs it gave.
    pub(super) uses: i32,
    /// Its session was ended.
    pub(super) revoked: bool,
}

/// What it is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worth {
    /// Another pair.
    Pair,
    /// Nothing: too old, used too often at once, or the session has ended.
    Nothing,
    /// Two hold it, one of them a thief, and nobody can tell which: the session must end.
    Stolen,
}

impl Found {
    pub(super) fn worth(&self, now: DateTime<Utc>) -> Worth {
        if self.revoked || now >= self.session.ends_at {
            return Worth::Nothing;
        }
        match self.used_at {
            Some(used) if now >= used + GRACE => Worth::Stolen,
            _ if now >= self.expires_at || self.uses >= PAIRS => Worth::Nothing,
            _ => Worth::Pair,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domains::access::Role;

    const DAY: TimeDelta = TimeDelta::days(1);

    fn found(now: DateTime<Utc>) -> Found {
        Found {
            session: session(now + DAY * 2),
            expires_at: now + DAY,
            used_at: None,
            uses: 0,
            revoked: false,
        }
    }

    fn session(ends_at: DateTime<Utc>) -> Session {
        Session {
            id: Uuid::from_u128(1),
            user_id: Uuid::from_u128(2),
            role: Role::Member.into(),
            created_at: DateTime::UNIX_EPOCH,
            ends_at,
        }
    }

    #[test]
    fn a_fresh_token_gives_a_pair_until_it_or_its_session_ends() {
        let now = DateTime::UNIX_EPOCH;
        let token = found(now);
        assert_eq!(token.worth(now), Worth::Pair);
        assert_eq!(token.worth(now + DAY), Worth::Nothing);
        let ended = Found {
            session: session(now),
            ..found(now)
        };
        assert_eq!(ended.worth(now), Worth::Nothing);
        let revoked = Found {
            revoked: true,
            ..found(now)
        };
        assert_eq!(revoked.worth(now), Worth::Nothing);
    }

    #[test]
    fn a_token_gives_a_few_pairs_at_once_and_no_more() {
        let now = DateTime::UNIX_EPOCH;
        let used = |uses| Found {
            used_at: Some(now),
            uses,
            ..found(now)
        };
        assert_eq!(used(PAIRS - 1).worth(now), Worth::Pair);
        assert_eq!(used(PAIRS).worth(now), Worth::Nothing);
        assert_eq!(used(PAIRS).worth(now + GRACE), Worth::Stolen);
    }

    #[test]
    fn a_used_token_works_for_ten_seconds_and_is_stolen_after() {
        let now = DateTime::UNIX_EPOCH;
        let used = Found {
            used_at: Some(now),
            ..found(now)
        };
        assert_eq!(used.worth(now), Worth::Pair);
        assert_eq!(
            used.worth(now + TimeDelta::milliseconds(9_999)),
            Worth::Pair
        );
        assert_eq!(used.worth(now + GRACE), Worth::Stolen);
        assert_eq!(
            used.worth(now + DAY),
            Worth::Stolen,
            "also when it has expired since"
        );
    }
}
