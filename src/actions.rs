//! What people do to incidents, whoever asks for it in their name. Invariants: a silence is made once, however
//! often it is asked for and whenever Vigie is killed, because it is looked for before it is made; what a crash
//! cut off is settled after the next start; who may do what was judged before.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::{
    backends::{
        AskError,
        alertmanager::{Draft, Silences},
    },
    clock::Clock,
    crash_point::CrashPoint,
    incident::{
        Silence,
        action::{Act, Begin, Deed, Outcome, Ticket, Verdict},
        worker::Worker,
    },
    reason::Reason,
    store::StoreError,
};

/// How long a deed can be under way at most: three requests, each with its time-out, and some waiting.
const LONGEST: Duration = Duration::from_mins(2);
/// How often it is looked for what was cut off and what has run out.
const UPKEEP: Duration = Duration::from_secs(15);

/// Does what people ask for. Cheap to clone.
#[derive(Clone)]
pub struct Actions(Arc<Parts>);

struct Parts {
    worker: Worker,
    silences: Option<Silences>,
    clock: Clock,
    /// What was begun before this was begun by an earlier Vigie.
    started_ms: i64,
}

impl Actions {
    /// Changes incidents by `worker`, and silences alerts by `silences`, if Alertmanager can be asked.
    pub fn new(worker: Worker, silences: Option<Silences>, clock: Clock) -> Self {
        let started_ms = clock.now_ms();
        Self(Arc::new(Parts { worker, silences, clock, started_ms }))
    }

    /// Does `act`.
    ///
    /// # Errors
    /// If the store is unavailable.
    pub async fn perform(&self, act: Act) -> Result<Verdict, StoreError> {
        let worker = &self.0.worker;
        let until = match act.deed {
            Deed::Acknowledge | Deed::Release => return worker.acknowledge(act).await,
            Deed::Silence { until } => Some(until),
            Deed::Unsilence => None,
        };
        let ticket = match worker.begin(act.clone(), self.lost_ms()).await? {
            Begin::Settled(verdict) => return Ok(verdict),
            Begin::Go(ticket) => ticket,
        };
        CrashPoint::SilenceBegun.reached();
        let Some(silences) = &self.0.silences else {
            return worker.given_up(ticket, Outcome::Unsilenceable).await;
        };
        let done = match (until, &ticket.ends) {
            (Some(until), _) => {
                let times = (self.0.clock.now(), until);
                make(silences, &ticket.labels, &act, times).await.map(Some)
            }
            (None, Some(silence)) => end(silences, silence).await.map(|()| None),
            (None, None) => Ok(None),
        };
        match done {
            Ok(Some(silence)) => self.silenced(silences, ticket, silence).await,
            Ok(None) => {
                CrashPoint::SilenceEnded.reached();
                worker.unsilenced(ticket).await
            }
            Err(trouble) => self.trouble(ticket, trouble).await,
        }
    }

    /// Keeps in the audit that `act` was asked for by somebody who may not.
    ///
    /// # Errors
    /// If the store is unavailable.
    pub async fn forbidden(&self, act: Act) -> Result<(), StoreError> {
        self.0.worker.forbidden(act).await
    }

    /// Settles what a crash cut off, and shows which silences have run out, until `cancel`.
    pub async fn run(self, cancel: CancellationToken) {
        loop {
            if let Err(error) = self.upkeep().await {
                tracing::warn!(%error, "can't look after silences: the store failed; trying again");
            }
            if cancel.run_until_cancelled(self.0.clock.sleep(UPKEEP)).await.is_none() {
                return;
            }
        }
    }

    async fn upkeep(&self) -> Result<(), StoreError> {
        self.0.worker.end_silences().await?;
        for ticket in self.0.worker.interrupted(self.lost_ms()).await? {
            self.resume(ticket).await?;
        }
        Ok(())
    }

    /// Settles a ticket of which nobody knows whether Alertmanager was asked: a silence that is there counts, one
    /// that is not there is not made, because its time has passed; what was to be ended is ended.
    async fn resume(&self, ticket: Ticket) -> Result<(), StoreError> {
        let worker = &self.0.worker;
        let Some(silences) = &self.0.silences else {
            return worker.given_up(ticket, Outcome::Unsilenceable).await.map(|_| ());
        };
        let settled = match &ticket.ends {
            Some(silence) => end(silences, silence).await.map(|()| None),
            None => {
                silences.find(&ticket.labels, &ticket.reference).await.map(Some).map_err(Trouble::Unchanged)
            }
        };
        let verdict = match settled {
            Ok(None) => worker.unsilenced(ticket).await?,
            Ok(Some(Some(found))) => {
                let silence = Silence { id: found.id, by: ticket.by, until: found.until };
                self.silenced(silences, ticket, silence).await?
            }
            Ok(Some(None)) => {
                worker.given_up(ticket, Outcome::Refused(Reason::new("alertmanager-lost"))).await?
            }
            Err(Trouble::Unchanged(error) | Trouble::Unsure(error)) => {
                let reference = &ticket.reference;
                tracing::warn!(reference, %error, "can't settle a silence that was cut off; trying again");
                return Ok(());
            }
        };
        tracing::info!(outcome = ?verdict.outcome, "settled a silence that was cut off");
        Ok(())
    }

    /// Shows `silence`; takes it back if its alert has ended meanwhile.
    async fn silenced(
        &self,
        silences: &Silences,
        ticket: Ticket,
        silence: Silence,
    ) -> Result<Verdict, StoreError> {
        let worker = &self.0.worker;
        CrashPoint::SilenceMade.reached();
        let verdict = worker.silenced(ticket.clone(), silence.clone()).await?;
        CrashPoint::SilenceStored.reached();
        if verdict.outcome == Outcome::Done {
            return Ok(verdict);
        }
        match end(silences, &silence).await {
            Ok(()) => worker.given_up(ticket, verdict.outcome).await,
            Err(Trouble::Unchanged(error) | Trouble::Unsure(error)) => {
                self.trouble(ticket, Trouble::Unsure(error)).await
            }
        }
    }

    /// What is not certain stays begun, and is settled later.
    async fn trouble(&self, ticket: Ticket, trouble: Trouble) -> Result<Verdict, StoreError> {
        let reference = &ticket.reference;
        match trouble {
            Trouble::Unchanged(error) => {
                tracing::warn!(reference, %error, "Alertmanager did not do what was asked");
                self.0.worker.given_up(ticket, Outcome::Refused(reason(error))).await
            }
            Trouble::Unsure(error) => {
                tracing::warn!(reference, %error, "Alertmanager may have done what was asked; it is looked up later");
                Ok(Verdict::without_incident(Outcome::Unsure(reason(error))))
            }
        }
    }

    fn lost_ms(&self) -> i64 {
        let longest = i64::try_from(LONGEST.as_millis()).unwrap_or(i64::MAX);
        self.0.started_ms.max(self.0.clock.now_ms().saturating_sub(longest))
    }
}

/// Why Alertmanager did not say that it did what was asked.
enum Trouble {
    /// It certainly did not.
    Unchanged(AskError),
    /// It may have.
    Unsure(AskError),
}

impl Trouble {
    /// What a failed change means.
    fn of(error: AskError) -> Self {
        match error {
            AskError::Unreachable { .. } | AskError::Unreadable { .. } => Self::Unsure(error),
            AskError::Refused { .. } | AskError::Token { .. } | AskError::Roots(..) => Self::Unchanged(error),
        }
    }
}

/// What people are told of `error`.
fn reason(error: AskError) -> Reason {
    match error {
        AskError::Unreachable { reason, .. } => Reason::new("alertmanager-unreachable").with("error", reason),
        AskError::Refused { status, text, .. } => {
            Reason::new("alertmanager-refused").with("answer", format!("{status} {text}"))
        }
        AskError::Unreadable { reason, .. } => Reason::new("alertmanager-unreadable").with("error", reason),
        AskError::Token { path, reason, .. } => {
            let path = path.display().to_string();
            Reason::new("alertmanager-token").with("path", path).with("error", reason)
        }
        AskError::Roots(_, error) => Reason::new("alertmanager-roots").with("error", error.to_string()),
    }
}

/// Has these labels silenced from and until these times, if they are not so already.
async fn make(
    silences: &Silences,
    labels: &BTreeMap<String, String>,
    act: &Act,
    (from, until): (Timestamp, Timestamp),
) -> Result<Silence, Trouble> {
    let Act { who, reference, link, .. } = act;
    if let Some(found) = silences.find(labels, reference).await.map_err(Trouble::Unchanged)? {
        return Ok(Silence { id: found.id, by: who.id, until: found.until });
    }
    let draft = Draft {
        labels,
        from,
        until,
        by: &format!("{} ({})", who.name, who.id),
        comment: &format!("{reference} silenced from Discord: {link}"),
    };
    let id = silences.create(draft).await.map_err(Trouble::of)?;
    Ok(Silence { id, by: who.id, until })
}

/// Has a silence ended that may have ended already.
async fn end(silences: &Silences, silence: &Silence) -> Result<(), Trouble> {
    if silences.is_over(&silence.id).await.map_err(Trouble::Unchanged)? {
        return Ok(());
    }
    silences.expire(&silence.id).await.map_err(Trouble::of)
}
