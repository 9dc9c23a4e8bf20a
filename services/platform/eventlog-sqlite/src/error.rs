//! Why a log cannot be opened, and what SQLite's refusals mean for a caller.
//!
//! Duty: name the folder and the reason, so that the operator can act on the message alone.
//! Prohibition: no error is turned into a default.

use eventlog::LogError;
use kernel::TopicPartition;
use rusqlite::ErrorCode;
use std::path::{Path, PathBuf};

/// Why a log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process writes to this folder.
    #[error("{} is in use by process {pid}: one process writes to a folder at a time", folder.display())]
    InUse {
        /// The data folder.
        folder: PathBuf,
        /// The other process, as it wrote itself down; `unknown` if it has not done so yet.
        pid: String,
    },
    /// The folder was made with other settings, which cannot be changed afterwards.
    #[error("{} was made with {setting} {stored:?} and cannot be opened with {asked:?}", folder.display())]
    Mismatch {
        /// The data folder.
        folder: PathBuf,
        /// Which setting.
        setting: &'static str,
        /// Its value in the file.
        stored: String,
        /// The value that was asked for.
        asked: String,
    },
    /// The file is not there, not a log, damaged, or not accessible.
    #[error("the log in {} cannot be {operation}: {detail}", folder.display())]
    Unusable {
        /// The data folder.
        folder: PathBuf,
        /// What was attempted.
        operation: &'static str,
        /// What was found.
        detail: String,
    },
}

impl OpenError {
    pub(crate) fn unusable(
        folder: &Path,
        operation: &'static str,
        detail: impl std::fmt::Display,
    ) -> Self {
        Self::Unusable {
            folder: folder.to_owned(),
            operation,
            detail: detail.to_string(),
        }
    }
}

/// What a refused read means: damage, or a store that does not answer.
pub(crate) fn read_error(topic_partition: TopicPartition, error: &rusqlite::Error) -> LogError {
    let damaged = matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    ) || matches!(
        error,
        rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::IntegralValueOutOfRange(..)
    );
    let detail = error.to_string();
    if damaged {
        LogError::Unreadable {
            topic_partition,
            detail,
        }
    } else {
        LogError::Unavailable {
            operation: "read",
            topic_partition,
            detail,
        }
    }
}
