//! The two threads that own the connections. Invariants: every job is answered once, a writing one only after its
//! commit; a job that fails or panics undoes only itself; the writer commits once for all jobs that wait (up to
//! [`BATCH`]), so that many callers share one fsync; no job runs outside a transaction of the writer.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    thread, vec,
};

use prometheus_client::metrics::counter::Counter;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{StoreError, condition::StoreCondition};
use crate::reason::Reason;

/// How many jobs share a commit at most.
const BATCH: usize = 128;

/// How many requests may wait for a thread.
const QUEUE: usize = 1024;

/// Work for a connection, or the reason why there is none.
pub(super) type Job = Box<dyn FnOnce(Result<&Connection, Reason>) -> Ran + Send>;

/// A job that ran, whose caller waits for the commit.
pub(super) struct Ran {
    ended: Ended,
    answer: Box<dyn FnOnce(Result<(), Reason>) + Send>,
}

enum Ended {
    Well,
    Failed,
    Outage(Reason),
}

pub(super) enum Request {
    Job(Job),
    /// Finish what waits, refuse what comes, end. The sender is dropped once the connection is closed.
    Close(oneshot::Sender<()>),
}

/// Packs `job` with the way back to its caller. `committed` runs in the thread after the commit, whether or not the
/// caller still waits.
pub(super) fn pack<T: Send + 'static>(
    job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    committed: impl FnOnce(&T) + Send + 'static,
) -> (Request, oneshot::Receiver<Result<T, StoreError>>) {
    let (reply, answer) = oneshot::channel();
    let job = move |conn: Result<&Connection, Reason>| {
        let result = conn.map_err(StoreError::Unavailable).and_then(job);
        let ended = match &result {
            Ok(_) => Ended::Well,
            Err(StoreError::Unavailable(reason)) => Ended::Outage(reason.clone()),
            Err(_) => Ended::Failed,
        };
        let answer = move |commit: Result<(), Reason>| {
            let result = result.and_then(|value| match commit {
                Ok(()) => {
                    committed(&value);
                    Ok(value)
                }
                Err(reason) => Err(StoreError::Unavailable(reason)),
            });
            // The caller may have gone; what was committed stays.
            drop(reply.send(result));
        };
        Ran { ended, answer: Box::new(answer) }
    };
    (Request::Job(Box::new(job)), answer)
}

/// Starts a thread that serves requests until all senders are gone or it is closed.
fn spawn(
    name: &'static str,
    serve: impl FnOnce(mpsc::Receiver<Request>) + Send + 'static,
) -> Result<mpsc::Sender<Request>, StoreError> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let started: io::Result<_> = thread::Builder::new().name(name.into()).spawn(move || serve(receiver));
    started.map_err(|error| {
        StoreError::Unavailable(
            Reason::new("store-no-thread").with("name", name).with("error", error.to_string()),
        )
    })?;
    Ok(sender)
}

/// Opens a connection, now or again once the cause of a failure has gone.
pub(super) type Open = Box<dyn FnMut() -> Result<Connection, StoreError> + Send>;

/// A connection and how to come by it. `conn` stands first: it must be closed before `open` gives up its lock.
pub(super) struct Link {
    conn: Option<Connection>,
    open: Open,
}

impl Link {
    pub(super) fn new(open: Open) -> Self {
        Self { conn: None, open }
    }

    /// Opens the connection ahead of the first job.
    pub(super) fn connect(&mut self) -> Result<(), StoreError> {
        self.conn = Some((self.open)()?);
        Ok(())
    }

    fn get(&mut self) -> Result<&Connection, Reason> {
        let conn = match self.conn.take() {
            Some(conn) => conn,
            None => (self.open)().map_err(|error| error.reason())?,
        };
        Ok(self.conn.insert(conn))
    }
}

/// The one thread that writes.
pub(super) struct Writer {
    pub(super) link: Link,
    pub(super) condition: StoreCondition,
    pub(super) commits: Counter,
}

impl Writer {
    pub(super) fn start(self) -> Result<mpsc::Sender<Request>, StoreError> {
        spawn("store-writer", |requests| self.serve(requests))
    }

    fn serve(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut closers = Vec::new();
        while let Some(first) = requests.blocking_recv() {
            let mut batch = Vec::new();
            let mut next = Some(first);
            while let Some(request) = next {
                match request {
                    Request::Job(job) => batch.push(job),
                    Request::Close(done) => {
                        requests.close();
                        closers.push(done);
                    }
                }
                next = if batch.len() < BATCH { requests.try_recv().ok() } else { None };
            }
            let mut jobs = batch.into_iter();
            while jobs.len() > 0 {
                self.transaction(&mut jobs);
            }
        }
        // Closing the last connection writes the log back into the file and removes it.
        drop(self);
        drop(closers);
    }

    /// Runs jobs in one transaction: all of them, or up to one that cost the transaction.
    fn transaction(&mut self, jobs: &mut vec::IntoIter<Job>) {
        let conn = match self.link.get().and_then(|conn| begin(conn).map(|()| conn)) {
            Ok(conn) => conn,
            Err(reason) => {
                self.condition.outage(&reason);
                for job in jobs {
                    (job(Err(reason.clone())).answer)(Ok(()));
                }
                return;
            }
        };
        let changes = conn.total_changes();
        let mut outage = None;
        let mut answers = Vec::with_capacity(jobs.len());
        // A full disk can cost the whole transaction (https://sqlite.org/lang_transaction.html, section 3).
        while !conn.is_autocommit()
            && let Some(job) = jobs.next()
        {
            let Some(ran) = in_savepoint(conn, job) else { continue };
            if let Ended::Outage(reason) = ran.ended {
                outage = Some(reason);
            }
            answers.push(ran.answer);
        }
        let committed = commit(conn).map_err(|error| outage.clone().unwrap_or(error));
        if committed.is_ok() {
            self.commits.inc();
        }
        match committed.as_ref().err().or(outage.as_ref()) {
            Some(reason) => self.condition.outage(reason),
            None if conn.total_changes() > changes => self.condition.works(),
            None => {}
        }
        for answer in answers {
            answer(committed.clone());
        }
    }
}

fn begin(conn: &Connection) -> Result<(), Reason> {
    conn.execute_batch("BEGIN IMMEDIATE").map_err(|error| StoreError::from(error).reason())
}

fn commit(conn: &Connection) -> Result<(), Reason> {
    if conn.is_autocommit() {
        return Err(Reason::new("store-undone"));
    }
    conn.execute_batch("COMMIT").map_err(|error| {
        undo(conn);
        StoreError::from(error).reason()
    })
}

/// Undoes the transaction, unless SQLite has done so itself.
fn undo(conn: &Connection) {
    if !conn.is_autocommit()
        && let Err(error) = conn.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "can't undo a transaction of the store");
    }
}

/// Runs one job so that its failure undoes nothing else; `None` if it panicked.
fn in_savepoint(conn: &Connection, job: Job) -> Option<Ran> {
    if let Err(error) = conn.execute_batch("SAVEPOINT job") {
        return Some(job(Err(StoreError::from(error).reason())));
    }
    let ran = catch_unwind(AssertUnwindSafe(|| job(Ok(conn)))).ok();
    if ran.is_none() {
        tracing::error!("a job of the store panicked; what it changed is undone");
    }
    let well = matches!(ran, Some(Ran { ended: Ended::Well, .. }));
    let end = if well { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
    if !conn.is_autocommit()
        && let Err(error) = conn.execute_batch(end)
    {
        tracing::error!(%error, "can't end a job of the store; the transaction is undone");
        undo(conn);
    }
    ran
}

/// The one thread that only reads.
pub(super) struct Reader {
    pub(super) link: Link,
}

impl Reader {
    pub(super) fn start(self) -> Result<mpsc::Sender<Request>, StoreError> {
        spawn("store-reader", |requests| self.serve(requests))
    }

    fn serve(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut closers = Vec::new();
        while let Some(request) = requests.blocking_recv() {
            match request {
                Request::Job(job) => {
                    let conn = self.link.get();
                    if let Ok(ran) = catch_unwind(AssertUnwindSafe(|| job(conn))) {
                        (ran.answer)(Ok(()));
                    } else {
                        tracing::error!("a reading job of the store panicked");
                    }
                }
                Request::Close(done) => {
                    requests.close();
                    closers.push(done);
                }
            }
        }
        drop(self);
        drop(closers);
    }
}
