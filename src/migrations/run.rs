//! A run over the fleet: every tenant that is behind, several at a time, a few of them first if so asked.
//!
//! Invariant: a stop rule stops only what has not begun. Tenants under way finish, and the report counts the others.

use std::collections::VecDeque;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::apply::ApplyError;
use super::chosen::{ChoiceError, chosen};
use super::fleet::{Migrator, chain};
use super::ledger::{self, LedgerLine};
use super::spread::spread;
use super::tenant::{Attempt, Migrated, Others};
use crate::tenancy::{DbError, PLATFORM_SLUG, Slug, TenantId};

/// What to run.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// These tenants only; all that are behind if empty.
    pub only: Vec<Slug>,
    /// So many first, from the oldest to the newest at even distances. If one of them fails, no other begins. The platform's own tenant,
    /// by which the operators sign in, is never among them.
    pub canary: usize,
    /// After so many failures no further tenant begins.
    pub stop_after_failures: Option<usize>,
}

/// How far work on many tenants is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Tenants done, the failed ones among them.
    pub done: usize,
    /// Tenants that are to be done.
    pub total: usize,
    /// Tenants that failed.
    pub failed: usize,
}

/// One tenant that was not migrated.
#[derive(Debug)]
pub struct Failure {
    /// Its slug.
    pub slug: String,
    /// Why.
    pub error: ApplyError,
}

/// Why a run ended before its last tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// One of the first few failed.
    Canary,
    /// As many failed as were allowed to.
    Failures,
}

/// What a run did.
#[derive(Debug, Default)]
pub struct FleetReport {
    /// Tenants that this run has brought to the target, as they were done.
    pub migrated: Vec<Migrated>,
    /// Tenants that were there already when it came to them: another run had done them meanwhile, or their line in the ledger was wrong.
    pub already_current: usize,
    /// Those that are not.
    pub failures: Vec<Failure>,
    /// Why the run ended early.
    pub stopped: Option<Stopped>,
    /// Tenants that it had not begun then.
    pub not_begun: usize,
}

impl Migrator {
    /// Migrates one tenant, and gives its ledger's failure up if there is nothing to do. `None` where there is no such tenant, or it is deleted.
    ///
    /// # Errors
    /// Why it is not migrated; the ledger says so too.
    pub async fn migrate_one(&self, id: TenantId) -> Result<Option<Migrated>, ApplyError> {
        let mut tx = self.ddl.begin(self.locks.timeout).await?;
        let Some(line) = ledger::line(tx.scoped(), id).await? else {
            return Ok(None);
        };
        self.check(&mut tx).await?;
        drop(tx);
        let attempt = self.migrate_tenant(&line, Others::Wait).await?;
        let behind = self.settle().await.map_err(|error| unknown(&error))?;
        if behind.iter().any(|line| line.id == id) {
            return Err(lost());
        }
        match attempt {
            Attempt::Done(migrated) => Ok(Some(migrated)),
            Attempt::Gone | Attempt::Taken => Ok(None),
        }
    }

    /// Migrates every tenant that is behind, and tells `progress` after each.
    ///
    /// # Errors
    /// When the ledger cannot be read, or there is no tenant of a name that was given, or somebody is behind and the login may not change schemas; a tenant's own failure stands in the report.
    pub async fn migrate_tenants(
        &self,
        options: &RunOptions,
        progress: impl FnMut(Progress),
    ) -> Result<FleetReport, ChoiceError> {
        let mut tx = self.ddl.begin(self.locks.timeout).await?;
        let mut lines = ledger::behind(tx.scoped(), self.set.target()).await?;
        if !options.only.is_empty() {
            // Whoever is not there at all is a mistake of the caller; whoever has nothing to do is none.
            chosen(tx.scoped(), &options.only).await?;
            lines.retain(|line| options.only.iter().any(|slug| slug.as_str() == line.slug));
        }
        if !lines.is_empty() {
            self.check(&mut tx).await?;
        }
        drop(tx);
        let mut run = Run {
            migrator: self,
            jobs: self.jobs,
            total: lines.len(),
            report: FleetReport::default(),
            progress,
        };
        run.tell();
        let (canaries, others) = pick(lines, options.canary);
        run.wave(canaries, Some((1, Stopped::Canary))).await;
        let rule = options.stop_after_failures;
        run.wave(others, rule.map(|limit| (limit.max(1), Stopped::Failures)))
            .await;
        let mut report = run.report;
        if !report.migrated.is_empty() {
            let settled = self.settle().await;
            report.keep_what_was_kept(&settled);
        }
        let at_target = report.migrated.len();
        report.migrated.retain(Migrated::is_news);
        report.already_current = at_target - report.migrated.len();
        report.stopped = report.stopped.filter(|_| report.not_begun > 0);
        Ok(report)
    }
}

impl FleetReport {
    /// Makes failures of the tenants whose migration is not known to be on the disk.
    fn keep_what_was_kept(&mut self, settled: &Result<Vec<LedgerLine>, DbError>) {
        let migrated = std::mem::take(&mut self.migrated);
        let is_kept = |slug: &str| match settled {
            Ok(behind) => behind.iter().all(|line| line.slug != slug),
            Err(_) => false,
        };
        for tenant in migrated {
            if is_kept(&tenant.slug) {
                self.migrated.push(tenant);
            } else {
                let error = settled.as_ref().map_or_else(unknown, |_| lost());
                let slug = tenant.slug;
                self.failures.push(Failure { slug, error });
            }
        }
    }
}

fn lost() -> ApplyError {
    ApplyError::NotKept("it is behind again; was there a crash?".to_owned())
}

fn unknown(error: &DbError) -> ApplyError {
    ApplyError::NotKept(format!(
        "no confirmation that it is on the disk ({}); `tenantry migrate status` tells",
        chain(error)
    ))
}

struct Run<'m, P> {
    migrator: &'m Migrator,
    jobs: usize,
    total: usize,
    report: FleetReport,
    progress: P,
}

impl<P: FnMut(Progress)> Run<'_, P> {
    /// Migrates these, unless the run has been stopped, and stops it where as many have failed as `rule` says.
    async fn wave(&mut self, lines: Vec<LedgerLine>, rule: Option<(usize, Stopped)>) {
        let migrator = self.migrator;
        let begin = async |line: LedgerLine, others| {
            let result = migrator.migrate_tenant(&line, others).await;
            (result, line)
        };
        let mut waiting = lines.into_iter();
        // Another run is at work on these.
        let mut taken = VecDeque::new();
        let mut under_way = FuturesUnordered::new();
        loop {
            while self.report.stopped.is_none() && under_way.len() < self.jobs {
                if let Some(line) = waiting.next() {
                    under_way.push(begin(line, Others::Yield));
                } else if let Some(line) = taken.pop_front() {
                    under_way.push(begin(line, Others::Wait));
                } else {
                    break;
                }
            }
            let Some((result, line)) = under_way.next().await else {
                break;
            };
            let slug = line.slug.clone();
            match result {
                Ok(Attempt::Done(migrated)) => self.report.migrated.push(migrated),
                Ok(Attempt::Gone) => self.total -= 1,
                Ok(Attempt::Taken) => taken.push_back(line),
                Err(error) => self.report.failures.push(Failure { slug, error }),
            }
            self.tell();
            if let Some((limit, why)) = rule
                && self.report.failures.len() >= limit
            {
                self.report.stopped.get_or_insert(why);
            }
        }
        self.report.not_begun += waiting.len() + taken.len();
    }

    fn tell(&mut self) {
        let failed = self.report.failures.len();
        (self.progress)(Progress {
            done: self.report.migrated.len() + failed,
            total: self.total,
            failed,
        });
    }
}

/// The first few, and the others in their order. `lines` go from the oldest tenant to the newest.
fn pick(lines: Vec<LedgerLine>, canary: usize) -> (Vec<LedgerLine>, Vec<LedgerLine>) {
    let able = lines.iter().filter(|l| l.slug != PLATFORM_SLUG).count();
    let is_canary = spread(able, canary);
    let mut seen = 0;
    lines.into_iter().partition(|line| {
        if line.slug == PLATFORM_SLUG {
            return false;
        }
        seen += 1;
        is_canary(seen - 1)
    })
}

#[cfg(test)]
mod tests {
    use super::{LedgerLine, PLATFORM_SLUG, pick};
    use crate::ids::new_id;
    use crate::tenancy::TenantId;

    fn line(slug: &str) -> LedgerLine {
        LedgerLine {
            id: TenantId(new_id()),
            slug: slug.to_owned(),
            version: 0,
            failed: false,
            attempts: 0,
            last_error: None,
            duration_ms: None,
            updated_at: None,
        }
    }

    fn picked(slugs: &[&str], canary: usize) -> (Vec<String>, usize) {
        let (first, others) = pick(slugs.iter().map(|slug| line(slug)).collect(), canary);
        let first = first.into_iter().map(|line| line.slug).collect();
        (first, others.len())
    }

    #[test]
    fn canaries_are_spread_over_the_ages_and_never_the_platform() {
        let fleet = [PLATFORM_SLUG, "a", "b", "c", "d", "e"];
        for (canary, first) in [
            (0, &[][..]),
            (1, &["a"]),
            (2, &["a", "e"]),
            (3, &["a", "c", "e"]),
            (9, &["a", "b", "c", "d", "e"]),
        ] {
            let (picked, others) = picked(&fleet, canary);
            assert_eq!(picked, first);
            assert_eq!(others, fleet.len() - first.len());
        }
        assert_eq!(picked(&[PLATFORM_SLUG], 3), (vec![], 1));
        assert_eq!(picked(&[], 3), (vec![], 0));
    }
}
