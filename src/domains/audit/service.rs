//! The use cases of the log: look into it, take it along, and see whether it is whole.

use uuid::Uuid;

use super::chain::Walk;
use super::error::AuditError;
use super::model::{Broken, Damage, Entry, Filter, Verdict};
use super::repository;
use crate::domains::Deps;
use crate::domains::access::{Action, AuditView, Context, Denied, Extent, Scope, authorize};
use crate::pagination::{Page, PageRequest};
use crate::tenancy::TenantRef;

/// Rows that are in memory at once while the log is exported or its chain walked.
const CHUNK: u16 = 500;

/// A tenant's own log, for one caller.
pub struct Audit<'d> {
    deps: &'d Deps,
    context: Context,
}

impl<'d> Audit<'d> {
    /// For the caller that `context` tells of.
    pub fn new(deps: &'d Deps, context: Context) -> Self {
        Self { deps, context }
    }

    /// One entry.
    ///
    /// # Errors
    /// [`AuditError::NotFound`] where the caller sees none.
    pub async fn find(&self, id: Uuid) -> Result<Entry, AuditError> {
        let scope = authorize::<AuditView>(&self.context)?;
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        repository::find(&mut db, &scope, id)
            .await?
            .ok_or(AuditError::NotFound)
    }

    /// A page, newest first.
    ///
    /// # Errors
    /// When the caller may not.
    pub async fn list(
        &self,
        filter: &Filter,
        request: PageRequest,
    ) -> Result<Page<Entry>, AuditError> {
        let scope = authorize::<AuditView>(&self.context)?;
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        let limit = request.rows_to_fetch();
        let rows = repository::page(&mut db, &scope, filter, request.after, limit).await?;
        Ok(Page::cut(rows, &request, |entry| entry.id))
    }

    /// All entries, oldest first, chunk by chunk.
    ///
    /// # Errors
    /// When the caller may not.
    pub fn export(&self, filter: Filter) -> Result<Export, AuditError> {
        Ok(Export {
            scope: authorize::<AuditView>(&self.context)?,
            deps: self.deps.clone(),
            tenant: self.context.tenant().clone(),
            filter,
            after: Some(0),
        })
    }

    /// Walks the whole chain. Lines that are written meanwhile are walked too.
    ///
    /// # Errors
    /// When the caller may not; who sees only their own acts cannot judge the chain of all.
    pub async fn verify(&self) -> Result<Verdict, AuditError> {
        let scope = authorize::<AuditView>(&self.context)?;
        if scope.extent() == Extent::Own {
            return Err(Denied::Permission(AuditView::PERMISSION).into());
        }
        let mut walk = Walk::new();
        let outcome = self.walk(&scope, &mut walk).await?;
        Ok(walk.verdict(outcome))
    }

    async fn walk(
        &self,
        scope: &Scope<AuditView>,
        walk: &mut Walk,
    ) -> Result<Result<(), Broken>, AuditError> {
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        if let Some(id) = repository::without_place(&mut db, scope).await? {
            return Ok(Err(Broken {
                seq: 0,
                id: Some(id),
                damage: Damage::Inserted,
            }));
        }
        let mut after = (i64::MIN, Uuid::nil());
        loop {
            let (links, head) = repository::links(&mut db, scope, after, CHUNK.into()).await?;
            let Some(head) = head else {
                return Ok(Err(Broken {
                    seq: 0,
                    id: None,
                    damage: Damage::Removed,
                }));
            };
            let more = links.len() == usize::from(CHUNK);
            if let Some(last) = links.last() {
                after = (last.seq, last.id);
            }
            let walked = links
                .into_iter()
                .try_for_each(|link| walk.take(link, &head));
            if walked.is_err() {
                return Ok(walked);
            }
            if !more {
                return Ok(walk.finish(&head));
            }
        }
    }
}

/// Entries on their way out. Between two chunks it holds no connection, so a slow reader is in nobody's way.
pub struct Export {
    scope: Scope<AuditView>,
    deps: Deps,
    tenant: TenantRef,
    filter: Filter,
    /// Where the chunk before ended; `None` after the last one.
    after: Option<i64>,
}

impl Export {
    /// The next entries; none when there are no more.
    ///
    /// # Errors
    /// The database's.
    pub async fn next(&mut self) -> Result<Vec<Entry>, AuditError> {
        let Some(after) = self.after else {
            return Ok(Vec::new());
        };
        let mut db = self.deps.tenancy.session(&self.tenant).await?;
        let limit = i64::from(CHUNK);
        let chunk = repository::export(&mut db, &self.scope, &self.filter, after, limit).await?;
        let full = chunk.len() == usize::from(CHUNK);
        self.after = chunk.last().map(|entry| entry.seq).filter(|_| full);
        Ok(chunk)
    }
}
