//! Which of 100,000 buckets somebody is in for a flag, and how many buckets a rollout takes.
//!
//! Invariant: the formula never changes. Clients in other languages compute it too (`docs/feature-flags.md`), and another one would
//! give half of a running experiment the other value.

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

/// How many buckets there are: one for each thousandth of a percent.
pub const BUCKETS: i32 = 100_000;

/// The bucket of `subject` for the flag `key`: 0 to 99,999.
///
/// SHA-256 of `key:subject`, its first eight bytes as a big-endian number, modulo 100,000. No key has a colon, so no two pairs are the same text.
pub fn bucket(key: &str, subject: &str) -> i32 {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(key.as_bytes());
    context.update(b":");
    context.update(subject.as_bytes());
    // A remainder of bytes is the remainder so far times 256, plus the next: no number wider than 32 bits is needed.
    let digest = context.finish();
    let first = digest.as_ref().iter().take(8);
    first.fold(0, |rest, byte| (rest * 256 + i32::from(*byte)) % BUCKETS)
}

/// How many of all subjects: 0 to 100 percent in steps of a thousandth. It takes the lowest buckets, so raising it only adds people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Rollout(i32);

/// A number that is no rollout.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("expected a percentage from 0 to 100 with at most three decimals, came {0}")]
pub struct NotARollout(pub f64);

impl Rollout {
    /// Everybody.
    pub const ALL: Self = Self(BUCKETS);

    /// The first `buckets` of the 100,000; `None` if there are not so many.
    pub fn of_buckets(buckets: i32) -> Option<Self> {
        (0..=BUCKETS).contains(&buckets).then_some(Self(buckets))
    }

    /// How many buckets it takes.
    pub fn buckets(self) -> i32 {
        self.0
    }

    /// Whether it takes this bucket.
    pub fn includes(self, bucket: i32) -> bool {
        bucket < self.0
    }
}

impl TryFrom<f64> for Rollout {
    type Error = NotARollout;

    fn try_from(percent: f64) -> Result<Self, NotARollout> {
        /// Far below a thousandth of a percent, far above what binary fractions lose.
        const ROUNDING: f64 = 1e-6;
        if !(0.0..=100.0).contains(&percent) {
            return Err(NotARollout(percent));
        }
        let exact = percent * 1000.0;
        if (exact - exact.round()).abs() > ROUNDING {
            return Err(NotARollout(percent));
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a whole number from 0 to 100,000, as was just asked"
        )]
        let buckets = exact.round() as i32;
        Ok(Self(buckets))
    }
}

impl From<Rollout> for f64 {
    fn from(rollout: Rollout) -> Self {
        Self::from(rollout.0) / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBJECTS: i32 = 100_000;
    const KEYS: [&str; 4] = ["a", "new-checkout", "new-checkout2", "billing.v2_beta"];

    fn rollout(percent: f64) -> Rollout {
        Rollout::try_from(percent).unwrap()
    }

    /// Everybody's bucket for this flag.
    fn buckets(key: &str) -> Vec<i32> {
        let subject = |n: i32| format!("018f4e5c-7b1a-7000-8000-{n:012}");
        (0..SUBJECTS).map(|n| bucket(key, &subject(n))).collect()
    }

    fn share(taken: usize) -> f64 {
        f64::from(i32::try_from(taken).unwrap()) / f64::from(SUBJECTS)
    }

    /// The values that the page gives to those who write clients; sha256sum(1) gives the same.
    #[test]
    fn the_formula_is_the_one_that_clients_were_told() {
        let page = include_str!("../../../docs/feature-flags.md");
        let vectors = [
            (
                "new-checkout",
                "018f4e5c-7b1a-7000-8000-000000000001",
                38493,
            ),
            ("new-checkout", "visitor-42", 17699),
            ("billing.v2_beta", "visitor-42", 46219),
            ("new-checkout", "zoë", 91616),
        ];
        for (key, subject, expected) in vectors {
            assert_eq!(bucket(key, subject), expected);
            let row = format!("| `{key}` | `{subject}` | {expected} |");
            assert!(page.contains(&row), "the page lacks: {row}");
        }
    }

    #[test]
    fn every_tenth_of_the_buckets_gets_a_tenth_of_the_people() {
        for key in KEYS {
            let mut tenths = [0; 10];
            for bucket in buckets(key) {
                tenths[usize::try_from(bucket / (BUCKETS / 10)).unwrap()] += 1;
            }
            for taken in tenths {
                assert!((share(taken) - 0.1).abs() < 0.01, "{key}: {tenths:?}");
            }
        }
    }

    #[test]
    fn a_rollout_reaches_its_percentage_of_people_within_one() {
        for key in KEYS {
            let buckets = buckets(key);
            for percent in [0.0, 0.5, 1.0, 5.0, 12.345, 33.333, 50.0, 90.0, 99.5, 100.0] {
                let taken = buckets.iter().filter(|b| rollout(percent).includes(**b));
                let share = share(taken.count()) * 100.0;
                assert!((share - percent).abs() < 1.0, "{key}: {share} of {percent}");
            }
            assert!(buckets.iter().all(|b| Rollout::ALL.includes(*b)));
            assert!(!buckets.iter().any(|b| rollout(0.0).includes(*b)));
        }
    }

    #[test]
    fn raising_a_rollout_never_takes_anybody_away() {
        let buckets = buckets("new-checkout");
        for step in (0..BUCKETS).step_by(2_500) {
            let [lower, higher] = [step, step + 2_500].map(|n| Rollout::of_buckets(n).unwrap());
            let lost = buckets
                .iter()
                .find(|b| lower.includes(**b) && !higher.includes(**b));
            assert_eq!(lost, None, "{lower:?} to {higher:?}");
            let gained = buckets
                .iter()
                .any(|b| !lower.includes(*b) && higher.includes(*b));
            assert!(gained, "{lower:?} to {higher:?}");
        }
    }

    #[test]
    fn two_flags_at_half_share_a_quarter_of_the_people() {
        let all = KEYS.map(buckets);
        let half = rollout(50.0);
        for (n, one) in all.iter().enumerate() {
            for other in &all[n + 1..] {
                let both = one.iter().zip(other);
                let both = both.filter(|(a, b)| half.includes(**a) && half.includes(**b));
                let share = share(both.count());
                assert!((share - 0.25).abs() < 0.01, "{share}");
            }
        }
    }

    #[test]
    fn every_step_of_a_percentage_is_kept_exactly() {
        for buckets in 0..=BUCKETS {
            let kept = Rollout::of_buckets(buckets).unwrap();
            assert_eq!(rollout(f64::from(kept)), kept);
            let text = serde_json::to_string(&kept).unwrap();
            assert_eq!(
                serde_json::from_str::<Rollout>(&text).unwrap(),
                kept,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_percentage_is_refused() {
        for number in [-0.001, 100.001, 0.0001, 33.3333, f64::NAN, f64::INFINITY] {
            assert!(Rollout::try_from(number).is_err(), "{number}");
        }
        assert_eq!(Rollout::of_buckets(BUCKETS + 1), None);
        assert_eq!(Rollout::of_buckets(-1), None);
    }
}
