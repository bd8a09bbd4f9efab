//! Writes an export on a thread of its own: packing is work for a processor, and files block.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;

use super::error::{FileError, at, damaged};
use super::manifest::Manifest;
use super::sums::{self, Summed, Sums};
use super::{AHEAD, MANIFEST, SUMS, member_of};

/// Nobody but the owner reads a tenant's data.
const MODE: u32 = 0o600;

/// A whole export.
#[derive(Debug, Clone)]
pub struct Written {
    /// Where it is.
    pub path: PathBuf,
    /// How long it is.
    pub bytes: u64,
}

enum Order {
    Table(String),
    Rows(Bytes),
    EndOfTable,
    Whole,
}

/// An export under way. Dropping it removes what was written.
pub(in crate::domains::tenants::copies) struct Writing {
    orders: Sender<Order>,
    thread: JoinHandle<Result<Written, FileError>>,
}

impl Writing {
    /// Begins `path`, where there must be no file yet.
    pub(in crate::domains::tenants::copies) async fn begin(
        path: &Path,
        manifest: &Manifest,
    ) -> Result<Self, FileError> {
        let (orders, waiting) = channel(AHEAD);
        let text = serde_json::to_vec_pretty(manifest).map_err(damaged)?;
        let path = path.to_owned();
        let part = tokio::task::spawn_blocking(move || Part::create(path))
            .await
            .map_err(damaged)??;
        Ok(Self {
            orders,
            thread: tokio::task::spawn_blocking(move || part.write(&text, waiting)),
        })
    }

    pub(in crate::domains::tenants::copies) async fn table(
        &mut self,
        name: &str,
    ) -> Result<(), FileError> {
        self.order(Order::Table(name.to_owned())).await
    }

    pub(in crate::domains::tenants::copies) async fn rows(
        &mut self,
        rows: Bytes,
    ) -> Result<(), FileError> {
        self.order(Order::Rows(rows)).await
    }

    pub(in crate::domains::tenants::copies) async fn end_of_table(
        &mut self,
    ) -> Result<(), FileError> {
        self.order(Order::EndOfTable).await
    }

    /// Gives the file its name.
    pub(in crate::domains::tenants::copies) async fn finish(
        mut self,
    ) -> Result<Written, FileError> {
        self.order(Order::Whole).await?;
        self.thread.await.map_err(damaged)?
    }

    /// A thread that takes no more has failed, and says why.
    async fn order(&mut self, order: Order) -> Result<(), FileError> {
        if self.orders.send(order).await.is_ok() {
            return Ok(());
        }
        match (&mut self.thread).await.map_err(damaged)? {
            Err(error) => Err(error),
            Ok(_) => Err(FileError::GivenUp),
        }
    }
}

/// The file while it is not whole. Its lock tells it from one that a killed export has left.
struct Part {
    path: PathBuf,
    under_way: PathBuf,
    file: File,
    whole: bool,
}

impl Part {
    fn create(path: PathBuf) -> Result<Self, FileError> {
        let mut part = path.clone().into_os_string();
        part.push(".part");
        let part = PathBuf::from(part);
        if fs::symlink_metadata(&part).is_ok_and(|found| !found.is_file()) {
            return Err(FileError::NotAFile(part));
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(MODE);
        let file = options.open(&part).map_err(at(&part))?;
        if file.try_lock().is_err() {
            return Err(FileError::Locked(path));
        }
        let this = Self {
            path,
            under_way: part,
            file,
            whole: false,
        };
        // Only now: who finished it meanwhile has let go of the lock.
        if fs::symlink_metadata(&this.path).is_ok() {
            return Err(FileError::Exists(this.path.clone()));
        }
        let owned = fs::Permissions::from_mode(MODE);
        this.file
            .set_permissions(owned)
            .map_err(at(&this.under_way))?;
        this.file.set_len(0).map_err(at(&this.under_way))?;
        Ok(this)
    }

    fn write(mut self, manifest: &[u8], mut orders: Receiver<Order>) -> Result<Written, FileError> {
        let failed = at(&self.under_way);
        let file = self.file.try_clone().map_err(&failed)?;
        let mut tar = Builder::new(BufWriter::new(file));
        let mut sums = Sums::default();
        append(&mut tar, MANIFEST, manifest).map_err(&failed)?;
        sums.add(MANIFEST, &sums::of(manifest));
        loop {
            match orders.blocking_recv() {
                Some(Order::Table(table)) => {
                    let member = member_of(&table);
                    let mut header = header();
                    let entry = tar.append_writer(&mut header, &member).map_err(&failed)?;
                    let mut gz = GzEncoder::new(Summed::new(entry), Compression::fast());
                    loop {
                        match orders.blocking_recv() {
                            Some(Order::Rows(rows)) => gz.write_all(&rows).map_err(&failed)?,
                            Some(Order::EndOfTable) => break,
                            _ => return Err(FileError::GivenUp),
                        }
                    }
                    let (entry, sum) = gz.finish().map_err(&failed)?.finish();
                    entry.finish().map_err(&failed)?;
                    sums.add(&member, &sum);
                }
                Some(Order::Whole) => break,
                _ => return Err(FileError::GivenUp),
            }
        }
        append(&mut tar, SUMS, sums.as_bytes()).map_err(&failed)?;
        let mut file = tar.into_inner().map_err(&failed)?;
        file.flush().map_err(&failed)?;
        self.file.sync_all().map_err(&failed)?;
        let bytes = self.file.metadata().map_err(&failed)?.len();
        fs::rename(&self.under_way, &self.path).map_err(at(&self.path))?;
        self.whole = true;
        sync_folder(&self.path).map_err(at(&self.path))?;
        Ok(Written {
            path: self.path.clone(),
            bytes,
        })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.whole {
            // What is left is taken away by the next that writes it.
            let _ = fs::remove_file(&self.under_way);
        }
    }
}

/// The name must outlive a power cut as the data does.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn header() -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(MODE);
    header
}

fn append<W: Write>(tar: &mut Builder<W>, member: &str, bytes: &[u8]) -> std::io::Result<()> {
    let mut header = header();
    header.set_size(bytes.len() as u64);
    tar.append_data(&mut header, member, bytes)
}
