//! Rows on their way: out of a tenant or a file, into a tenant or a file, a piece at a time.
//!
//! Invariant: what arrives is counted, and is as much as was promised.

use bytes::Bytes;

use super::super::error::TenantsError;
use super::error::CopyError;
use super::file::{FileError, Manifest, Piece, Reading, Table, Writing};
use crate::domains::operations::Progress;
use crate::tenancy::{CopyIn, DdlTransaction};

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyProgress {
    /// Rows that are through.
    pub rows: u64,
    /// Rows that there are.
    pub total: u64,
}

/// Who looks on.
pub(super) struct Watch<'w> {
    pub(super) rows: &'w mut (dyn FnMut(CopyProgress) + Send),
    pub(super) steps: Option<Progress>,
}

impl Watch<'_> {
    pub(super) async fn done(&mut self, step: &'static str) {
        if let Some(steps) = &self.steps {
            steps.done(step).await;
        }
    }
}

/// Where rows come from, table by table in the manifest's order.
pub(super) enum Origin {
    File(Reading),
    /// A tenant, as its transaction sees it.
    Tenant(Box<DdlTransaction>),
}

impl Origin {
    /// Passes a table's rows on to `into`.
    async fn pour(&mut self, table: &Table, into: &mut Meter<'_, '_>) -> Result<(), TenantsError> {
        match self {
            Self::File(reading) => loop {
                match reading.next().await.map_err(CopyError::File)? {
                    Piece::Rows(rows) => into.take(rows).await?,
                    Piece::EndOfTable => return Ok(()),
                    Piece::Whole => return Err(CopyError::File(FileError::GivenUp).into()),
                }
            },
            Self::Tenant(tx) => {
                let mut out = tx.copy_out(&table.name, &table.columns).await?;
                while let Some(rows) = out.next().await? {
                    into.take(rows).await?;
                }
                Ok(())
            }
        }
    }

    /// Waits until it is known that all of it was right.
    async fn end(&mut self) -> Result<(), TenantsError> {
        let Self::File(reading) = self else {
            return Ok(());
        };
        match reading.next().await.map_err(CopyError::File)? {
            Piece::Whole => Ok(()),
            _ => Err(CopyError::File(FileError::GivenUp).into()),
        }
    }

    /// Everything into a file.
    pub(super) async fn into_file(
        mut self,
        manifest: &Manifest,
        writing: &mut Writing,
        watch: &mut Watch<'_>,
    ) -> Result<(), TenantsError> {
        let mut so_far = 0;
        for table in &manifest.tables {
            writing.table(&table.name).await.map_err(CopyError::File)?;
            let mut meter = Meter::new(Sink::File(writing), so_far, manifest, watch);
            self.pour(table, &mut meter).await?;
            let rows = meter.rows;
            writing.end_of_table().await.map_err(CopyError::File)?;
            promised(table, rows)?;
            so_far += rows;
        }
        self.end().await
    }

    /// Everything but `left_behind` into the schema that `tx` has entered. Answers with the number of rows.
    pub(super) async fn into_tenant(
        mut self,
        manifest: &Manifest,
        left_behind: &[&str],
        tx: &mut DdlTransaction,
        watch: &mut Watch<'_>,
    ) -> Result<u64, TenantsError> {
        let (mut so_far, mut kept) = (0, 0);
        for table in &manifest.tables {
            let refused = |failure| CopyError::refused(&table.name, failure);
            if left_behind.contains(&table.name.as_str()) {
                let mut meter = Meter::new(Sink::Nowhere, so_far, manifest, watch);
                self.pour(table, &mut meter).await?;
                so_far += meter.rows;
                continue;
            }
            let copy = tx.copy_in(&table.name, &table.columns).await;
            let mut meter = Meter::new(
                Sink::Tenant(copy.map_err(refused)?),
                so_far,
                manifest,
                watch,
            );
            self.pour(table, &mut meter).await?;
            let Meter { sink, .. } = meter;
            let rows = match sink {
                Sink::Tenant(copy) => copy.finish().await.map_err(refused)?,
                Sink::File(_) | Sink::Nowhere => 0,
            };
            promised(table, rows)?;
            so_far += rows;
            kept += rows;
        }
        self.end().await?;
        Ok(kept)
    }
}

fn promised(table: &Table, got: u64) -> Result<(), CopyError> {
    if table.rows == got {
        return Ok(());
    }
    Err(CopyError::Rows {
        table: table.name.clone(),
        expected: table.rows,
        got,
    })
}

enum Sink<'s> {
    Tenant(CopyIn<'s>),
    File(&'s mut Writing),
    Nowhere,
}

/// Counts what goes into a sink.
struct Meter<'s, 'w> {
    sink: Sink<'s>,
    rows: u64,
    before: u64,
    total: u64,
    tell: &'s mut (dyn FnMut(CopyProgress) + Send + 'w),
}

impl<'s, 'w> Meter<'s, 'w> {
    fn new(sink: Sink<'s>, before: u64, manifest: &Manifest, watch: &'s mut Watch<'w>) -> Self {
        Self {
            sink,
            rows: 0,
            before,
            total: manifest.rows(),
            tell: &mut *watch.rows,
        }
    }

    async fn take(&mut self, rows: Bytes) -> Result<(), TenantsError> {
        // In COPY's text format a line break within a value is written otherwise, so each one ends a row.
        self.rows += rows.split(|byte| *byte == b'\n').skip(1).count() as u64;
        (self.tell)(CopyProgress {
            rows: self.before + self.rows,
            total: self.total,
        });
        match &mut self.sink {
            Sink::Tenant(copy) => Ok(copy.send(rows).await?),
            Sink::File(writing) => Ok(writing.rows(rows).await.map_err(CopyError::File)?),
            Sink::Nowhere => Ok(()),
        }
    }
}
