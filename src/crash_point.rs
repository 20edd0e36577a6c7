//! The moments at which something durable or visible has just happened: where a crash could lose or repeat something.
//! Invariants: a build without debug assertions, as all are that ship, has nothing at them; one with them ends there
//! only if [`VARIABLE`] says so.

/// The environment variable that has the process end: `NAME:N`, at the `N`th time that the point is reached.
pub const VARIABLE: &str = "VIGIE_CRASH_AT";

/// A moment at which the process may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    /// What a source reported is stored; nobody has been told so.
    Accepted,
    /// An arrival is settled, with its incident and its messages.
    Taken,
    /// That a create may go out is stored; it has not gone out.
    Attempting,
    /// Discord has answered a create; that is not stored.
    Created,
    /// The same for a reply.
    ReplyCreated,
    /// Discord has answered an edit; that is not stored.
    Edited,
    /// The id of a message is stored.
    Shown,
    /// That a reply is shown is stored.
    ReplyShown,
    /// Discord has made a thread; that is not stored.
    ThreadMade,
    /// That there is a thread is stored; nothing stands in it.
    ThreadStored,
    /// A state of a pipeline is stored; that it is known is not.
    PipelineStored,
    /// What a source was asked for is stored.
    PulledStored,
    /// That somebody wants a silence is stored; the source has not been asked.
    SilenceBegun,
    /// The source has the silence; that is not stored.
    SilenceMade,
    /// That there is a silence is stored; nobody has been told so.
    SilenceStored,
    /// The source has ended a silence; that is not stored.
    SilenceEnded,
}

impl CrashPoint {
    /// Those on the way of an event.
    pub const OF_EVENTS: [Self; 12] = [
        Self::Accepted,
        Self::Taken,
        Self::Attempting,
        Self::Created,
        Self::ReplyCreated,
        Self::Edited,
        Self::Shown,
        Self::ReplyShown,
        Self::ThreadMade,
        Self::ThreadStored,
        Self::PipelineStored,
        Self::PulledStored,
    ];

    /// Those on the way of a silence.
    pub const OF_SILENCES: [Self; 4] =
        [Self::SilenceBegun, Self::SilenceMade, Self::SilenceStored, Self::SilenceEnded];

    /// Its name in [`VARIABLE`].
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Taken => "taken",
            Self::Attempting => "attempting",
            Self::Created => "created",
            Self::ReplyCreated => "reply-created",
            Self::Edited => "edited",
            Self::Shown => "shown",
            Self::ReplyShown => "reply-shown",
            Self::ThreadMade => "thread-made",
            Self::ThreadStored => "thread-stored",
            Self::PipelineStored => "pipeline-stored",
            Self::PulledStored => "pulled-stored",
            Self::SilenceBegun => "silence-begun",
            Self::SilenceMade => "silence-made",
            Self::SilenceStored => "silence-stored",
            Self::SilenceEnded => "silence-ended",
        }
    }

    /// The process ends here, as by SIGKILL, if a test wants it.
    #[cfg(debug_assertions)]
    pub fn reached(self) {
        planned::reached(self);
    }

    /// The process ends here, as by SIGKILL, if a test wants it.
    #[cfg(not(debug_assertions))]
    pub const fn reached(self) {}
}

#[cfg(debug_assertions)]
mod planned {
    use std::{
        env,
        sync::{
            LazyLock,
            atomic::{AtomicU32, Ordering},
        },
        thread,
    };

    use rustix::process::{Signal, getpid, kill_process};

    use super::{CrashPoint, VARIABLE};

    /// Where the process is to end, and how often the point is still to be reached.
    static PLAN: LazyLock<Option<(String, AtomicU32)>> = LazyLock::new(|| {
        let plan = env::var(VARIABLE).ok()?;
        let (name, times) = plan.split_once(':')?;
        Some((name.to_owned(), AtomicU32::new(times.parse().ok()?)))
    });

    pub(super) fn reached(point: CrashPoint) {
        if let Some((name, times)) = PLAN.as_ref()
            && name == point.as_str()
            && times.fetch_sub(1, Ordering::Relaxed) == 1
        {
            match kill_process(getpid(), Signal::KILL) {
                // The signal may take a moment; nothing more happens here until then.
                Ok(()) => loop {
                    thread::park();
                },
                Err(error) => tracing::error!(%error, name, "can't end at a crash point"),
            }
        }
    }
}
