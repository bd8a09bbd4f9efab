//! COPY on a connection: the driver's streams.
//!
//! Invariant: the connection is busy until [`Connection::copied`] says that the stream has ended, so that one whose stream was dropped
//! halfway is cancelled and closed instead of being given to anybody.

use bytes::Bytes;
use tokio_postgres::{CopyInSink, CopyOutStream};

use super::{Connection, DbError};

impl Connection {
    /// Starts a COPY to us.
    pub(in crate::tenancy) async fn copy_out(
        &mut self,
        text: &str,
    ) -> Result<CopyOutStream, DbError> {
        self.start()?;
        let started = self.client.copy_out(text).await;
        self.busy = started.is_ok();
        started.map_err(|e| DbError::from_driver(e, "copy.out", false))
    }

    /// Starts a COPY from us.
    pub(in crate::tenancy) async fn copy_in(
        &mut self,
        text: &str,
    ) -> Result<CopyInSink<Bytes>, DbError> {
        self.start()?;
        let started = self.client.copy_in(text).await;
        self.busy = started.is_ok();
        started.map_err(|e| DbError::from_driver(e, "copy.in", false))
    }

    /// The stream has ended, well or badly.
    pub(in crate::tenancy) fn copied(&mut self) {
        self.busy = false;
    }
}
