//! What can go wrong with the store. Invariant: whatever means "not now" (full, read-only, damaged, busy,
//! closed) is [`StoreError::Unavailable`], with what a person can do; callers keep what they have and try again.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::reason::Reason;

/// Why the store did not do something. Nothing of the failed job is kept.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.reason())]
pub enum StoreError {
    /// It can't now and may later: full, read-only, damaged, busy, its queue full, closed. Intake answers 503.
    #[error("the store is unavailable: {0}")]
    Unavailable(Reason),
    /// SQLite refused a statement: a mistake in Vigie.
    Sqlite(#[source] rusqlite::Error),
    /// A row that a job was about is not there.
    Missing {
        /// The table.
        table: &'static str,
        /// The row's id.
        id: i64,
    },
    /// The work on a row panicked: a mistake in Vigie.
    Panicked {
        /// The table.
        table: &'static str,
        /// The row's id.
        id: i64,
    },
    /// A newer Vigie made this file and says that this one can't read it.
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
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Another process has the store open.
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file can't be where the configuration says.
    Path {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl StoreError {
    /// Why, for those who wait for the store.
    pub fn reason(&self) -> Reason {
        let name = |path: &Path| path.display().to_string();
        match self {
            Self::Unavailable(reason) => reason.clone(),
            Self::Sqlite(error) => Reason::new("store-statement-refused").with("error", error.to_string()),
            Self::Missing { table, id } => {
                Reason::new("store-row-missing").with("table", *table).with("id", id.to_string())
            }
            Self::Panicked { table, id } => {
                Reason::new("store-row-panicked").with("table", *table).with("id", id.to_string())
            }
            Self::Newer { path, found, needed, known } => Reason::new("store-newer")
                .with("path", name(path))
                .with("found", found.to_string())
                .with("needed", needed.to_string())
                .with("known", known.to_string()),
            Self::Foreign { path } => Reason::new("store-foreign").with("path", name(path)),
            Self::InUse { path } => Reason::new("store-in-use").with("path", name(path)),
            Self::Path { path, source } => {
                Reason::new("store-path").with("path", name(path)).with("error", source.to_string())
            }
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code().and_then(remedy) {
            Some(remedy) => Self::Unavailable(
                Reason::new("store-failed").with("error", error.to_string()).with("remedy", remedy),
            ),
            None => Self::Sqlite(error),
        }
    }
}

/// What to do about a failure that is the machine's, not a statement's (<https://sqlite.org/rescode.html>).
fn remedy(code: ErrorCode) -> Option<Reason> {
    match code {
        ErrorCode::DiskFull => Some(Reason::new("store-disk-full")),
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied => {
            Some(Reason::new("store-read-only"))
        }
        ErrorCode::SystemIoFailure => Some(Reason::new("store-disk-errors")),
        ErrorCode::CannotOpen => Some(Reason::new("store-can-not-open")),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Some(Reason::new("store-locked")),
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Some(Reason::new("store-corrupt")),
        ErrorCode::OutOfMemory => Some(Reason::new("store-out-of-memory")),
        _ => None,
    }
}
