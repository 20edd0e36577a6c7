//! Opening the file. Invariants: it and its companions (`-wal`, `-shm`, `.lock`) are for Vigie's user only (0600); one
//! process has it open at a time; a damaged file is never deleted, it is moved aside and that is said.

use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

use super::{StoreError, condition::StoreCondition, schema};
use crate::{clock::Clock, reason::Reason};

/// How long a statement waits for another program that has locked the file.
const BUSY: Duration = Duration::from_secs(5);
/// How long a start waits for a Vigie that is just ending.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
/// The log is written back into the file when it has this many pages of 4 KiB.
const WAL_PAGES: i64 = 1000;
/// What the log is cut to after a burst, in bytes: an SD card is small.
const WAL_BYTES: i64 = 4 << 20;

/// How much of the file each connection keeps in memory: 512 KiB (negative: KiB, by `PRAGMA cache_size`). The system keeps
/// the rest.
const CACHE: i64 = -512;

/// The path of the file's companion with this suffix.
pub(super) fn companion(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Makes sure that no other process has the store open, until the answer is dropped.
pub(super) fn lock(path: &Path) -> Result<File, StoreError> {
    const STEP: Duration = Duration::from_millis(50);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(companion(path, ".lock"));
    let file = file.map_err(|source| at(path, source))?;
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if waited < LOCK_PATIENCE => {
                thread::park_timeout(STEP);
                waited += STEP;
            }
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse { path: path.into() }),
            Err(TryLockError::Error(source)) => return Err(at(path, source)),
        }
    }
}

/// Opens the file for writing: makes it if need be, checks it, migrates it.
pub(super) fn open(path: &Path, clock: &Clock, condition: &StoreCondition) -> Result<Connection, StoreError> {
    match open_sound(path) {
        Err(Opening::Damaged(what)) => {
            let aside = move_aside(path, clock).map_err(|source| at(path, source))?;
            tracing::error!(path = %path.display(), aside = %aside.display(), damage = %what,
                "the store was damaged: it is moved aside and a new one begun");
            let aside = aside.display().to_string();
            condition.damaged(Reason::new("store-damaged").with("damage", what).with("aside", aside));
            open_sound(path).map_err(Opening::into_error)
        }
        other => other.map_err(Opening::into_error),
    }
}

/// Opens the file for reading.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let conn = connect(path)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

enum Opening {
    Damaged(String),
    Other(StoreError),
}

impl Opening {
    fn into_error(self) -> StoreError {
        match self {
            Self::Damaged(what) => {
                StoreError::Unavailable(Reason::new("store-damaged-at-once").with("damage", what))
            }
            Self::Other(error) => error,
        }
    }
}

impl From<StoreError> for Opening {
    fn from(error: StoreError) -> Self {
        Self::Other(error)
    }
}

impl From<rusqlite::Error> for Opening {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match error.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => Self::Damaged(error.to_string()),
            _ => Self::Other(error.into()),
        }
    }
}

fn open_sound(path: &Path) -> Result<Connection, Opening> {
    // SQLite gives its companions the mode of the file.
    create_private(path).map_err(|source| at(path, source))?;
    let mut conn = connect(path)?;
    let verdict: String = conn.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if verdict != "ok" {
        return Err(Opening::Damaged(verdict));
    }
    if schema::is_new(&conn, path)? {
        conn.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update_and_check(None, "wal_autocheckpoint", WAL_PAGES, |_| Ok(()))?;
    conn.pragma_update_and_check(None, "journal_size_limit", WAL_BYTES, |_| Ok(()))?;
    schema::migrate(&mut conn)?;
    Ok(conn)
}

fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    conn.pragma_update(None, "cache_size", CACHE)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}

/// Makes the file unless it is there. A file that is there is not opened: to close it again would cost the locks of
/// this process's own connections (<https://sqlite.org/howtocorrupt.html>, section 2.2).
fn create_private(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    for path in [path.to_owned(), companion(path, "-wal"), companion(path, "-shm")] {
        match fs::metadata(&path) {
            Ok(file) if file.permissions().mode() & 0o077 != 0 => {
                fs::set_permissions(&path, Permissions::from_mode(0o600))?;
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn move_aside(path: &Path, clock: &Clock) -> io::Result<PathBuf> {
    let aside = companion(path, &clock.now().strftime(".corrupt-%Y%m%dT%H%M%SZ").to_string());
    for suffix in ["", "-wal", "-shm"] {
        match fs::rename(companion(path, suffix), companion(&aside, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

/// What the system said about the path: that it is full or read-only may pass, all else needs a person.
fn at(path: &Path, source: io::Error) -> StoreError {
    use io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    match source.kind() {
        PermissionDenied | QuotaExceeded | ReadOnlyFilesystem | StorageFull => {
            let path = path.display().to_string();
            StoreError::Unavailable(
                Reason::new("store-not-writable").with("path", path).with("error", source.to_string()),
            )
        }
        _ => StoreError::Path { path: path.into(), source },
    }
}
