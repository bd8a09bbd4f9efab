//! Walks the chain of the log and finds the first line that was altered, removed or inserted.
//!
//! Invariant: hashes are computed here, from what the columns hold. Nothing that is stored in the database says that the chain holds.

use aws_lc_rs::digest;
use uuid::Uuid;

use super::model::{Broken, Damage, Verdict};

/// What the first line follows.
const GENESIS: [u8; 32] = [0; 32];

/// How far a line may have been moved for its old place to be told.
const FARTHEST: i64 = 64;

/// A line, as far as the chain is concerned.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) seq: i64,
    pub(super) id: Uuid,
    pub(super) prev_hash: Vec<u8>,
    pub(super) hash: Vec<u8>,
    /// What is hashed, as texts; the first is `seq`.
    pub(super) fields: Vec<Option<String>>,
}

/// Where the database says that the chain ends.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) seq: i64,
    pub(super) hash: Vec<u8>,
}

impl Link {
    /// The place that it was written for, as its hash tells; `None` where something else in it was altered.
    fn home(&self) -> Option<i64> {
        let near = (1..=FARTHEST).flat_map(|by| [self.seq - by, self.seq + by]);
        std::iter::once(self.seq)
            .chain(near)
            .find(|seq| self.hash_at(*seq) == self.hash)
    }

    fn hash_at(&self, seq: i64) -> Vec<u8> {
        let seq = Some(seq.to_string());
        let fields: Vec<_> = std::iter::once(&seq)
            .chain(self.fields.iter().skip(1))
            .collect();
        let text = serde_json::json!(fields).to_string();
        digest::digest(&digest::SHA256, text.as_bytes())
            .as_ref()
            .to_vec()
    }
}

/// A line with the place that it was written for.
#[derive(Debug)]
struct Read {
    link: Link,
    home: Option<i64>,
}

/// What comes after a line, and so vouches for it.
#[derive(Debug, Clone, Copy)]
struct Successor<'a> {
    /// The place that it follows.
    follows: i64,
    /// The hash that it follows.
    hash: &'a [u8],
}

/// The walk so far. A line is judged when the two after it are known: what follows it vouches for it, if that is believed itself.
#[derive(Debug)]
pub(super) struct Walk {
    /// The last line that holds.
    seq: i64,
    hash: Vec<u8>,
    line: Option<Read>,
    next: Option<Read>,
}

impl Walk {
    pub(super) fn new() -> Self {
        Self {
            seq: 0,
            hash: GENESIS.to_vec(),
            line: None,
            next: None,
        }
    }

    /// Takes the next line by place; `head` was read together with it.
    pub(super) fn take(&mut self, link: Link, head: &Head) -> Result<(), Broken> {
        let home = link.home();
        self.advance(Some(Read { link, home }), head)
    }

    /// No line is left, and `head` was read together with that.
    pub(super) fn finish(&mut self, head: &Head) -> Result<(), Broken> {
        self.advance(None, head)?;
        self.advance(None, head)?;
        if head.seq > self.seq {
            Err(Broken {
                seq: self.seq + 1,
                id: None,
                damage: Damage::Removed,
            })
        } else if head.seq < self.seq || head.hash != self.hash {
            Err(Broken {
                seq: 0,
                id: None,
                damage: Damage::Altered,
            })
        } else {
            Ok(())
        }
    }

    fn advance(&mut self, read: Option<Read>, head: &Head) -> Result<(), Broken> {
        let next = std::mem::replace(&mut self.next, read);
        if let Some(line) = std::mem::take(&mut self.line) {
            let believed = next.as_ref().filter(|next| {
                let vouched = successor(next, self.next.as_ref(), head);
                vouched.is_none_or(|after| after.does_not_contradict(next))
            });
            let after = successor(&line, believed, head);
            judge(self.seq, &self.hash, &line, after, head)?;
            self.seq = line.link.seq;
            self.hash = line.link.hash;
        }
        self.line = next;
        Ok(())
    }

    /// What the walk came to.
    pub(super) fn verdict(self, outcome: Result<(), Broken>) -> Verdict {
        Verdict {
            first_broken: outcome.err(),
            entries: self.seq,
            hash: self.hash,
        }
    }
}

/// What vouches for `line`: the head at the end, for what stands beyond it vouches for nothing; else the next line.
fn successor<'a>(line: &Read, next: Option<&'a Read>, head: &'a Head) -> Option<Successor<'a>> {
    if line.link.seq >= head.seq {
        return Some(Successor {
            follows: head.seq,
            hash: &head.hash,
        });
    }
    let next = next?;
    Some(Successor {
        follows: next.home? - 1,
        hash: &next.link.prev_hash,
    })
}

impl Successor<'_> {
    fn does_not_contradict(&self, line: &Read) -> bool {
        line.home.is_some_and(|home| {
            self.follows > home || (self.follows == home && self.hash == line.link.hash)
        })
    }
}

/// Whether `line` goes on from the place `seq` with this hash, and what comes after it agrees.
fn judge(
    seq: i64,
    hash: &[u8],
    line: &Read,
    after: Option<Successor<'_>>,
    head: &Head,
) -> Result<(), Broken> {
    let Read { link, home } = line;
    let expected = seq + 1;
    let fits = link.seq == expected && *home == Some(expected) && link.prev_hash == hash;
    let denied = after.is_some_and(|after| after.follows == expected && after.hash != link.hash);
    if fits && !denied && link.seq <= head.seq {
        return Ok(());
    }
    // What follows goes on from the line before this one.
    let left_out = after.is_some_and(|after| after.follows == seq && after.hash == hash);
    let stood = home.unwrap_or(link.seq);
    let (seq, id, damage) = if left_out || stood < expected {
        (link.seq, Some(link.id), Damage::Inserted)
    } else if stood > expected {
        (expected, None, Damage::Removed)
    } else {
        (link.seq, Some(link.id), Damage::Altered)
    };
    Err(Broken { seq, id, damage })
}
