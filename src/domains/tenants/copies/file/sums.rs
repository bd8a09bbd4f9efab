//! SHA-256 of what passes by, in the form that `sha256sum -c` reads.

use std::io::{self, Read, Write};

use aws_lc_rs::digest::{Context, SHA256};

/// Passes everything on, and sums it up.
pub(super) struct Summed<T> {
    inner: T,
    sum: Context,
}

impl<T> Summed<T> {
    pub(super) fn new(inner: T) -> Self {
        Self {
            inner,
            sum: Context::new(&SHA256),
        }
    }

    /// What it passed to or from, and the sum in hexadecimal.
    pub(super) fn finish(self) -> (T, String) {
        (self.inner, hex(self.sum))
    }
}

impl<T: Write> Write for Summed<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Summed<T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.sum.update(&bytes[..read]);
        Ok(read)
    }
}

fn hex(sum: Context) -> String {
    let digest = sum.finish();
    digest
        .as_ref()
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// The sum of a member that is in memory.
pub(super) fn of(bytes: &[u8]) -> String {
    let mut sum = Context::new(&SHA256);
    sum.update(bytes);
    hex(sum)
}

/// The last member: one line for each before it.
#[derive(Default)]
pub(super) struct Sums(String);

impl Sums {
    pub(super) fn add(&mut self, member: &str, sum: &str) {
        self.0.push_str(sum);
        self.0.push_str("  ");
        self.0.push_str(member);
        self.0.push('\n');
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
