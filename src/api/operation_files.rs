//! `/operations/{id}/file`: what an export has written.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Binary;
use poem_openapi::{ApiResponse, OpenApi};
use uuid::Uuid;

use super::security::PlatformCaller;
use super::state::State;
use super::{ApiError, GONE, Tag, UNAVAILABLE};
use crate::domains::tenants::{ExportFile, Tenants};

/// A file, sent while it is read.
#[derive(ApiResponse)]
enum FileOut {
    /// The whole file. An answer that ends before its `Content-Length` is none.
    #[oai(status = 200, content_type = "application/x-tar")]
    Whole(
        Binary<poem::Body>,
        /// `attachment`, with the file's name.
        #[oai(header = "Content-Disposition")]
        String,
        /// Its length in bytes.
        #[oai(header = "Content-Length")]
        u64,
    ),
}

impl From<ExportFile> for FileOut {
    fn from(file: ExportFile) -> Self {
        let ExportFile {
            name,
            bytes,
            content,
        } = file;
        let body = poem::Body::from_async_read(content);
        let disposition = format!("attachment; filename=\"{name}\"");
        Self::Whole(Binary(body), disposition, bytes)
    }
}

/// The endpoint.
pub struct OperationFilesApi;

#[OpenApi(tag = "Tag::Operations")]
impl OperationFilesApi {
    /// The file of an export that has succeeded, as `tenant import` and `POST /tenants/import` read it. 404 `no_export` while there is none, and for
    /// operations that are no export; 410 `export_gone` once somebody has taken it out of `EXPORT_DIR`. Each time is in the audit. For operators.
    #[oai(
        path = "/operations/:id/file",
        method = "get",
        operation_id = "getOperationFile"
    )]
    async fn download(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// The operation's id.
        id: Path<Uuid>,
    ) -> Result<FileOut, ApiError<{ GONE | UNAVAILABLE }>> {
        let tenants = Tenants::new(&state.deps, &state.migrator, caller.0);
        Ok(tenants.open_export(id.0, &state.copies).await?.into())
    }
}
