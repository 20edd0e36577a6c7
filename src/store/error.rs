//! What can go wrong with the store. Invariant: whatever means "not now" (full, read-only, damaged, busy,
//! closed) is [`StoreError::Unavailable`], with what a person can do; callers keep what they have and try again.

use std::path::PathBuf;

use rusqlite::ErrorCode;

/// Why the store did not do something. Nothing of the failed job is kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It can't now and may later: full, read-only, damaged, busy, its queue full, closed. Intake answers 503.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// SQLite refused a statement: a mistake in Vigie.
    #[error("the store refused a statement: {0}")]
    Sqlite(#[source] rusqlite::Error),
    /// A row that a job was about is not there.
    #[error("there is no row {id} in the store's table {table}")]
    Missing {
        /// The table.
        table: &'static str,
        /// The row's id.
        id: i64,
    },
    /// The work on a row panicked: a mistake in Vigie.
    #[error("the work on row {id} of the store's table {table} panicked; the log says where")]
    Panicked {
        /// The table.
        table: &'static str,
        /// The row's id.
        id: i64,
    },
    /// A newer Vigie made this file and says that this one can't read it.
    #[error(
        "{path} has schema {found}, which needs a Vigie that knows schema {needed} or later; this one knows {known}: \
         run the Vigie that wrote it, or restore a copy from before the upgrade"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The oldest schema that can work with it.
        needed: i64,
        /// The newest schema that this release knows.
        known: i64,
    },
    /// The file is a SQLite database of another program.
    #[error("{path} is a SQLite file of another program: set [store] path to a file of Vigie's own")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Another process has the store open.
    #[error("{path} is in use by another Vigie: stop that one first (two would send everything twice)")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file can't be where the configuration says.
    #[error(
        "can't use {path} as the store: {source}; its folder must exist and belong to the user that runs Vigie"
    )]
    Path {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code().and_then(remedy) {
            Some(remedy) => Self::Unavailable(format!("{error}; {remedy}")),
            None => Self::Sqlite(error),
        }
    }
}

/// What to do about a failure that is the machine's, not a statement's (<https://sqlite.org/rescode.html>).
fn remedy(code: ErrorCode) -> Option<&'static str> {
    match code {
        ErrorCode::DiskFull => Some("make room on its file system; Vigie goes on by itself"),
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied => {
            Some("make the file and its folder writable for Vigie's user; Vigie goes on by itself")
        }
        ErrorCode::SystemIoFailure => {
            Some("look for disk errors in the kernel's log (dmesg) and for a full disk")
        }
        ErrorCode::CannotOpen => {
            Some("look at the folder's permissions, free space and the limit of open files")
        }
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            Some("another program has locked the file (a backup, an open sqlite3 shell?); end it")
        }
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
            Some("the file is damaged: restart Vigie, which moves it aside and begins a new one")
        }
        ErrorCode::OutOfMemory => Some("the machine is out of memory"),
        _ => None,
    }
}
