//! Reads an export on a thread of its own, and believes nothing of it.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use tar::{Archive, Entries, Entry, EntryType};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::error::{FileError, at, damaged};
use super::manifest::{FORMAT, Manifest};
use super::sums::{self, Summed, Sums};
use super::{AHEAD, MANIFEST, SUMS, member_of};

/// No manifest and no list of sums is longer, in bytes.
const LONGEST_TEXT: u64 = 1 << 20;
const PIECE: usize = 64 << 10;

type Tar = BufReader<File>;

/// What comes of a file, in its order: for each table of the manifest rows and an end, then that it was whole.
#[derive(Debug)]
pub(in crate::domains::tenants::copies) enum Piece {
    Rows(Bytes),
    EndOfTable,
    Whole,
}

/// An import's file. The thread ends when this is dropped.
pub(in crate::domains::tenants::copies) struct Reading {
    pieces: Receiver<Result<Piece, FileError>>,
}

impl Reading {
    /// Opens `path`, whose tables may unpack to `most` bytes together.
    pub(in crate::domains::tenants::copies) async fn open(
        path: &Path,
        most: u64,
    ) -> Result<(Manifest, Self), FileError> {
        let (tell_manifest, manifest) = tokio::sync::oneshot::channel();
        let (tell, pieces) = channel(AHEAD);
        let path = path.to_owned();
        tokio::task::spawn_blocking(move || {
            let mut told = Some(tell_manifest);
            let read = read(
                path,
                most,
                &mut |manifest| told.take()?.send(manifest).ok(),
                &tell,
            );
            if let Err(error) = read {
                // Nobody listens where the import has ended already.
                let _ = tell.blocking_send(Err(error));
            }
        });
        let mut this = Self { pieces };
        match manifest.await {
            Ok(manifest) => Ok((manifest, this)),
            Err(_) => match this.next().await {
                Err(error) => Err(error),
                Ok(_) => Err(FileError::GivenUp),
            },
        }
    }

    pub(in crate::domains::tenants::copies) async fn next(&mut self) -> Result<Piece, FileError> {
        self.pieces.recv().await.unwrap_or(Err(FileError::GivenUp))
    }
}

fn read(
    path: PathBuf,
    most: u64,
    tell_manifest: &mut dyn FnMut(Manifest) -> Option<()>,
    tell: &Sender<Result<Piece, FileError>>,
) -> Result<(), FileError> {
    let found = fs::symlink_metadata(&path).map_err(at(&path))?;
    if !found.is_file() {
        return Err(FileError::NotAFile(path));
    }
    let file = File::open(&path).map_err(at(&path))?;
    let mut archive = Archive::new(BufReader::new(file));
    // Raw: what tar has beside files, such as long names, would be read into memory before anybody looks at it.
    let mut members = archive.entries().map_err(damaged)?.raw(true);
    let mut sums = Sums::default();

    let text = text_of(&mut members, MANIFEST)?;
    let manifest = parse(&text)?;
    sums.add(MANIFEST, &sums::of(&text));
    let tables: Vec<String> = manifest.tables.iter().map(|t| t.name.clone()).collect();
    tell_manifest(manifest).ok_or(FileError::GivenUp)?;

    let mut left = most;
    for table in tables {
        let member = member_of(&table);
        let sum = pass_rows(next(&mut members, &member)?, &member, &mut left, most, tell)?;
        sums.add(&member, &sum);
        give(tell, Piece::EndOfTable)?;
    }
    if text_of(&mut members, SUMS)? != sums.as_bytes() {
        return Err(damaged(
            "its members are not those that SHA256SUMS tells of",
        ));
    }
    if members.next().is_some() {
        return Err(damaged("something follows its last member"));
    }
    give(tell, Piece::Whole)
}

/// The next member, which must be this one.
fn next<'a>(members: &mut Entries<'a, Tar>, expected: &str) -> Result<Entry<'a, Tar>, FileError> {
    let entry = members
        .next()
        .ok_or_else(|| damaged(format!("it ends before `{expected}`")))?
        // What the reader says quotes the file.
        .map_err(|_| {
            damaged(format!(
                "it is no tar archive where `{expected}` should begin"
            ))
        })?;
    let plain = entry.header().entry_type() == EntryType::Regular;
    if !plain || entry.path_bytes() != expected.as_bytes() {
        let found = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        return Err(damaged(format!(
            "expected the member `{expected}`, got {found:?}"
        )));
    }
    Ok(entry)
}

fn text_of(members: &mut Entries<'_, Tar>, member: &str) -> Result<Vec<u8>, FileError> {
    let entry = next(members, member)?;
    let size = entry.size();
    if size > LONGEST_TEXT {
        return Err(damaged(format!(
            "expected at most {LONGEST_TEXT} bytes in `{member}`, got {size}"
        )));
    }
    let mut text = Vec::new();
    entry.take(size).read_to_end(&mut text).map_err(damaged)?;
    if text.len() as u64 == size {
        Ok(text)
    } else {
        Err(damaged(format!("it ends within `{member}`")))
    }
}

/// Another format has other fields, so it is asked for first.
fn parse(text: &[u8]) -> Result<Manifest, FileError> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let Format { format } = serde_json::from_slice(text).map_err(damaged)?;
    if format != FORMAT {
        return Err(FileError::Format {
            expected: FORMAT,
            found: format,
        });
    }
    serde_json::from_slice(text).map_err(damaged)
}

/// Unpacks a table. Answers with the sum of the member.
fn pass_rows(
    entry: Entry<'_, Tar>,
    member: &str,
    left: &mut u64,
    most: u64,
    tell: &Sender<Result<Piece, FileError>>,
) -> Result<String, FileError> {
    let broken = |error| damaged(format!("`{member}` cannot be unpacked ({error})"));
    // It reads to the member's end, so that nothing hides behind the rows.
    let mut gz = MultiGzDecoder::new(Summed::new(entry));
    let mut piece = vec![0; PIECE];
    loop {
        let read = gz.read(&mut piece).map_err(broken)?;
        if read == 0 {
            break;
        }
        *left = left
            .checked_sub(read as u64)
            .ok_or(FileError::TooLarge(most))?;
        give(tell, Piece::Rows(Bytes::copy_from_slice(&piece[..read])))?;
    }
    Ok(gz.into_inner().finish().1)
}

fn give(tell: &Sender<Result<Piece, FileError>>, piece: Piece) -> Result<(), FileError> {
    tell.blocking_send(Ok(piece))
        .map_err(|_| FileError::GivenUp)
}
