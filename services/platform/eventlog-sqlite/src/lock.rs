//! One writing process per folder.
//!
//! Duty: an operating system lock, which a killed process cannot leave behind, on a file that
//! tells who holds it. Prohibition: readers take no lock; they never wait for a writer nor
//! stop one.

use crate::error::OpenError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

/// The folder's lock file.
const FILE: &str = "log.lock";

/// The right to write to a folder, as long as it lives.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

impl FolderLock {
    pub(crate) fn take(folder: &Path) -> Result<Self, OpenError> {
        let failed = |error: std::io::Error| OpenError::unusable(folder, "locked", error);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join(FILE))
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).map_err(failed)?;
                writeln!(file, "{}", std::process::id()).map_err(failed)?;
                Ok(Self { _file: file })
            }
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                file.read_to_string(&mut pid).map_err(failed)?;
                let pid = match pid.trim() {
                    "" => "unknown".to_owned(),
                    known => known.to_owned(),
                };
                Err(OpenError::InUse {
                    folder: folder.to_owned(),
                    pid,
                })
            }
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}
