//! Makes new data with `initdb`.
//! Invariant: `cluster/` is there whole or not at all; what a killed `initdb` leaves goes by another name and is removed.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{
    Error, address::SUPERUSER, binaries::Binaries, home, home::Home, lock::Lock, owner::Owner,
};

/// `C.UTF-8` sorts alike everywhere and knows upper from lower case beyond ASCII; not every system has it, all have `C`.
const LOCALES: [&str; 2] = ["C.UTF-8", "C"];

pub(super) async fn create(
    home: &Home,
    owner: &Owner,
    binaries: &Binaries,
    lock: &Lock,
) -> Result<(), Error> {
    write_password(home, owner)?;
    let partial = home.dir().join("cluster.partial");
    let mut output = String::new();
    for locale in LOCALES {
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(Error::file("remove", &partial))?;
        }
        home::make_dir(&partial, 0o700)?;
        owner.give(&partial)?;
        match initdb(&partial, locale, home, owner, binaries, lock).await? {
            Ok(()) => {
                return fs::rename(&partial, home.cluster())
                    .map_err(Error::file("move into place", &partial));
            }
            Err(printed) => output = printed,
        }
    }
    Err(Error::Initdb {
        path: partial,
        output,
    })
}

/// Runs `initdb`; the inner error is what it printed.
async fn initdb(
    partial: &Path,
    locale: &str,
    home: &Home,
    owner: &Owner,
    binaries: &Binaries,
    lock: &Lock,
) -> Result<Result<(), String>, Error> {
    let program = binaries.program("initdb");
    let mut command = owner.command(&program, partial);
    command
        .args([
            "--auth",
            "scram-sha-256",
            "--username",
            SUPERUSER,
            "--encoding",
            "UTF8",
            "--no-instructions",
        ])
        .args(["--locale", locale])
        .arg("--pwfile")
        .arg(home.password_file())
        .arg("--pgdata")
        .arg(partial);
    // Should we be killed, nobody else begins before this has ended.
    command.stdin(
        lock.share()
            .map_err(Error::file("share the lock in", home.dir()))?,
    );
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let run = tokio::process::Command::from(command).output().await;
    let output = run.map_err(|source| owner.cannot_run(&program, source))?;
    Ok(if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    })
}

/// A new password in a file that only its owner reads. Without data there is no password worth keeping.
fn write_password(home: &Home, owner: &Owner) -> Result<(), Error> {
    let path = home.password_file();
    let mut bytes = [0u8; 24];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| Error::file("find randomness for", &path)(std::io::ErrorKind::Other.into()))?;
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path);
    let written = opened.and_then(|mut file| writeln!(file, "{}", URL_SAFE_NO_PAD.encode(bytes)));
    written.map_err(Error::file("write", &path))?;
    owner.give(&path)
}
