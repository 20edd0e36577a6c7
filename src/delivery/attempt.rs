//! One step of one message towards Discord. Invariants:
//! - that a create may have gone out is durable before it goes out, and stays so until its outcome is known;
//! - while it is unknown, only the same nonce is sent, and once Discord may have forgotten the nonce, not
//!   before the channel has been searched for the message;
//! - a step that fails leaves the message in the outbox, or counts and logs its loss.

use std::time::Duration;

use hyper::Method;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::{
    error::{Acted, RestError},
    file::{File, UNKNOWN},
    lookup::{Found, id, look_up},
    refusal::Refusal,
    remedy::{Remedy, remedy},
    rest::Rest,
    shrink::Form,
};
use crate::{
    clock::Clock,
    crash_point::CrashPoint,
    reason::{Detail, Reason},
    store::{
        Store, StoreError, incidents,
        outbox::{self, Head, OutboxRow, State},
    },
    telemetry::{Metrics, OutcomeLabel},
};

/// How long Vigie trusts Discord to know a nonce. Discord says "the past few minutes"
/// (<https://docs.discord.com/developers/resources/message#create-message>).
const NONCE_MEMORY_MS: i64 = 60_000;

/// The longest wait between two tries.
const LONGEST_WAIT_MS: u64 = 60_000;

/// The parts of a step.
#[derive(Clone)]
pub(super) struct Attempt {
    pub(super) store: Store,
    pub(super) rest: Rest,
    pub(super) clock: Clock,
    pub(super) metrics: Metrics,
    pub(super) cancel: CancellationToken,
    /// What nonces derive from beside the message: without it, two stores would share nonces.
    pub(super) store_id: String,
}

/// How a step ended.
#[derive(Debug)]
pub(super) enum Step {
    /// The message is shown, or is no more to be shown.
    Done,
    /// There is another step to make at once.
    Again,
    /// The message waits for its next try.
    Later(Reason),
    /// The channel can't be written to; its messages wait. The text says more.
    Parked(Refusal, Reason),
    /// Discord is left alone, or Vigie stops.
    Stopped,
}

/// Why a step could not be made.
pub(super) enum Obstacle {
    Discord(RestError),
    Store(StoreError),
    /// Discord finds the message invalid in the form that was tried.
    Unfit(Box<OutboxRow>, RestError),
}

impl From<RestError> for Obstacle {
    fn from(error: RestError) -> Self {
        Self::Discord(error)
    }
}

impl From<StoreError> for Obstacle {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Attempt {
    /// Makes the next step of `head`. What Discord finds invalid is sent in ever smaller forms.
    pub(super) async fn step(&self, head: &Head) -> Result<Step, StoreError> {
        let mut form = Form::Whole;
        loop {
            let outcome = match head.message_id {
                None => self.create(head, form).await,
                Some(message) => self.edit(head, message, form).await,
            };
            let (row, error) = match outcome {
                Ok(step) => return Ok(step),
                Err(Obstacle::Store(error)) => return Err(error),
                Err(Obstacle::Discord(error)) => return self.failed(head, error).await,
                Err(Obstacle::Unfit(row, error)) => (row, error),
            };
            let Some(smaller) = form.smaller() else { return self.discard(&row, &error).await };
            tracing::error!(
                channel = row.channel_id, reference = %row.reference, %error,
                "Discord finds a message invalid; it is sent {smaller}"
            );
            self.count(smaller.outcome());
            form = smaller;
        }
    }

    async fn create(&self, head: &Head, form: Form) -> Result<Step, Obstacle> {
        let target = self.target(head).await?;
        let path = format!("/channels/{}/messages", target.channel);
        let permit = self.unless_cancelled(self.rest.permit(&Method::POST, &path)).await?;
        let now = self.clock.now_ms();
        let Some(row) = self.begin(head.id, now).await? else { return Ok(Step::Done) };
        if let Some(first) = row.first_attempt_ms.filter(|_| nonce_is_old(&row, now)) {
            drop(permit);
            return self.resolve(&row, target.channel, first).await;
        }
        let Some((mut message, file)) = self.message(&row, form).await? else { return Ok(Step::Done) };
        let sent = File::attach(file.as_ref(), &mut message, "");
        message.insert("nonce".into(), nonce(&self.store_id, &row).into());
        message.insert("enforce_nonce".into(), true.into());
        message.entry("allowed_mentions").or_insert_with(|| json!({ "parse": [] }));
        if let Some(answered) = target.answers {
            // A message that was deleted meanwhile is no reason to say nothing.
            let reference = json!({ "message_id": answered.to_string(), "fail_if_not_exists": false });
            message.insert("message_reference".into(), reference);
        }
        CrashPoint::Attempting.reached();
        let error = match self.send(permit, Method::POST, &path, message, sent).await {
            Ok(answer) => match id(&answer["id"]) {
                Some(created) => {
                    return self.shown(&row, created, File::note(file.as_ref()), "created").await;
                }
                None => RestError::Unreadable(Reason::new("answer-no-id")),
            },
            Err(error) => error,
        };
        // An earlier try of unknown outcome stays unknown, whatever became of this one.
        if error.acted() == Acted::No && row.first_attempt_ms.is_none() {
            self.refused(&row).await?;
        }
        match remedy(&error) {
            // Not the channel refuses it then, but the thread.
            Remedy::Park(_) if target.channel != head.channel_id => self.leave_thread(&row, &error).await,
            Remedy::Gone => self.renew(&row, &error).await,
            Remedy::Unfit => Err(Obstacle::Unfit(Box::new(row), error)),
            _ => Err(error.into()),
        }
    }

    /// Someone deleted the message that the nonce stands for: only a new nonce makes another.
    async fn renew(&self, row: &OutboxRow, error: &RestError) -> Result<Step, Obstacle> {
        let id = row.id;
        let renew = move |conn: &rusqlite::Connection| {
            outbox::refused(conn, id)?;
            outbox::renew_nonce(conn, id)
        };
        self.store.write(renew).await?;
        Ok(self.postpone(row.id, row.channel_id, error.reason()).await?)
    }

    /// Finds out what became of a create that went out at `first` or later.
    ///
    /// If the message is not there it is sent under the same nonce: should a late request arrive after all,
    /// Discord still tells the two apart.
    async fn resolve(&self, row: &OutboxRow, channel: u64, first: i64) -> Result<Step, Obstacle> {
        let search = look_up(&self.rest, channel, &row.reference, first);
        match self.unless_cancelled(search).await? {
            Found::Message(message) => {
                tracing::info!(
                    channel = row.channel_id,
                    reference = row.reference,
                    message,
                    "found a message whose outcome was unknown"
                );
                self.shown(row, message, UNKNOWN.to_owned(), "adopted").await
            }
            Found::Nowhere => {
                self.refused(row).await?;
                Ok(Step::Again)
            }
            Found::Unknowable => {
                Ok(self.park(row.channel_id, Refusal::NoHistory, row.reference.clone()).await?)
            }
        }
    }

    async fn edit(&self, head: &Head, message_id: u64, form: Form) -> Result<Step, Obstacle> {
        let path = format!("/channels/{}/messages/{message_id}", head.channel_id);
        let permit = self.unless_cancelled(self.rest.permit(&Method::PATCH, &path)).await?;
        let id = head.id;
        let Some(row) = self.store.read(move |conn| outbox::get(conn, id)).await?.filter(is_pending) else {
            return Ok(Step::Done);
        };
        let Some((mut message, file)) = self.message(&row, form).await? else { return Ok(Step::Done) };
        let sent = File::attach(file.as_ref(), &mut message, &row.attached);
        // An edit leaves alone what it does not name, and the message is to be as the outbox says.
        for (part, nothing) in [("content", json!("")), ("embeds", json!([])), ("components", json!([]))] {
            message.entry(part).or_insert(nothing);
        }
        match self.send(permit, Method::PATCH, &path, message, sent).await {
            Ok(_) => self.shown(&row, message_id, File::note(file.as_ref()), "edited").await,
            Err(error) => match remedy(&error) {
                Remedy::Gone => self.vanished(&row).await,
                Remedy::Unfit => Err(Obstacle::Unfit(Box::new(row), error)),
                _ => Err(error.into()),
            },
        }
    }

    /// The message to edit is gone: it is made anew if its incident is to be seen.
    async fn vanished(&self, row: &OutboxRow) -> Result<Step, Obstacle> {
        let (id, incident) = (row.id, row.incident_id);
        let kept = self
            .store
            .write(move |conn| {
                let kept = incidents::is_kept_shown(conn, incident)?;
                if kept {
                    outbox::forget_message(conn, id)?;
                    outbox::renew_nonce(conn, id)?;
                } else {
                    outbox::discard(conn, id, "deleted in Discord after its incident was over")?;
                }
                Ok(kept)
            })
            .await?;
        tracing::info!(
            channel = row.channel_id,
            reference = row.reference,
            kept,
            "a message was deleted in Discord"
        );
        self.count(if kept { "reposted" } else { "discarded" });
        Ok(if kept { Step::Again } else { Step::Done })
    }

    /// Notes in the store that a create may go out now. `None` if the message no longer waits; its row as
    /// it was before, otherwise.
    async fn begin(&self, id: i64, now: i64) -> Result<Option<OutboxRow>, StoreError> {
        self.store
            .write(move |conn| {
                let row = outbox::get(conn, id)?.filter(is_pending);
                if row.as_ref().is_some_and(|row| !nonce_is_old(row, now)) {
                    outbox::attempting(conn, id, now)?;
                }
                Ok(row)
            })
            .await
    }

    /// Notes that Discord shows the message, with the file of this note.
    async fn shown(
        &self,
        row: &OutboxRow,
        message: u64,
        file: String,
        outcome: &'static str,
    ) -> Result<Step, Obstacle> {
        let [answered, stored] = match (row.message_id, row.reply) {
            (Some(_), _) => [CrashPoint::Edited, CrashPoint::Shown],
            (None, Some(_)) => [CrashPoint::ReplyCreated, CrashPoint::ReplyShown],
            (None, None) => [CrashPoint::Created, CrashPoint::Shown],
        };
        answered.reached();
        // A create of unknown outcome may have shown an older version; the newest is then edited in.
        let certain = row.message_id.is_some() || row.version == 1 || row.first_attempt_ms.is_none();
        let (id, now) = (row.id, self.clock.now_ms());
        let (version, file) = if certain { (row.version, file) } else { (0, UNKNOWN.to_owned()) };
        let note = move |conn: &rusqlite::Connection| {
            outbox::attached(conn, id, &file)?;
            outbox::delivered(conn, id, version, message, now)
        };
        self.store.write(note).await?;
        stored.reached();
        let waited = u64::try_from(now - row.accepted_ms).unwrap_or_default();
        self.metrics.delivery_seconds.observe(Duration::from_millis(waited).as_secs_f64());
        self.count(outcome);
        tracing::debug!(channel = row.channel_id, reference = %row.reference, message, waited_ms = waited, outcome, "shown");
        Ok(Step::Done)
    }

    async fn failed(&self, head: &Head, error: RestError) -> Result<Step, StoreError> {
        match remedy(&error) {
            // The next permit waits for the limit.
            Remedy::Wait => {
                self.count("rate_limited");
                Ok(Step::Again)
            }
            Remedy::Stop => Ok(Step::Stopped),
            Remedy::Park(refusal) => self.park(head.channel_id, refusal, error.reason()).await,
            Remedy::Retry | Remedy::Gone | Remedy::Unfit => {
                self.postpone(head.id, head.channel_id, error.reason()).await
            }
        }
    }

    /// Back-off: exponential, with full jitter, so that many channels don't return at the same instant.
    async fn postpone(&self, id: i64, channel: u64, reason: Reason) -> Result<Step, StoreError> {
        let (now, error) = (self.clock.now_ms(), reason.to_string());
        let tries = self
            .store
            .write(move |conn| {
                let tries = outbox::get(conn, id)?.map_or(0, |row| row.attempts);
                let longest = LONGEST_WAIT_MS.min(1000 << tries.min(6));
                let wait = i64::try_from(fastrand::u64(0..=longest)).unwrap_or_default();
                outbox::retry(conn, id, now + wait, &error)?;
                Ok(tries + 1)
            })
            .await?;
        self.count("retried");
        tracing::warn!(channel, tries, error = %reason, "a message could not be sent; it is tried again");
        Ok(Step::Later(reason))
    }

    async fn park(
        &self,
        channel: u64,
        refusal: Refusal,
        detail: impl Into<Detail>,
    ) -> Result<Step, StoreError> {
        let reason = Reason::new("delivery-parked").with("refusal", refusal.reason()).with("detail", detail);
        let why = reason.to_string();
        self.store.write(move |conn| outbox::park(conn, channel, &why)).await?;
        self.count("parked");
        Ok(Step::Parked(refusal, reason))
    }

    async fn discard(&self, row: &OutboxRow, error: &RestError) -> Result<Step, StoreError> {
        let (id, reason) = (row.id, error.to_string());
        self.store.write(move |conn| outbox::discard(conn, id, &reason)).await?;
        self.count("dropped");
        tracing::error!(
            channel = row.channel_id, reference = %row.reference, row = id, bytes = row.payload.len(), %error,
            "a message is lost: Discord refuses every form of it; the store keeps it in the table outbox as 'dropped'"
        );
        Ok(Step::Done)
    }

    /// The message in `form`, and its file; one that is no JSON object can't ever be sent.
    async fn message(
        &self,
        row: &OutboxRow,
        form: Form,
    ) -> Result<Option<(Map<String, Value>, Option<File>)>, StoreError> {
        match serde_json::from_str(&row.payload) {
            Ok(message) => Ok(Some((form.of(&message, &row.reference), File::of(row, &message, form)))),
            Err(error) => {
                let error =
                    RestError::Unreadable(Reason::new("outbox-no-json").with("error", error.to_string()));
                self.discard(row, &error).await?;
                Ok(None)
            }
        }
    }

    /// For what may be given up at any moment, because it changes nothing.
    pub(super) async fn unless_cancelled<T>(
        &self,
        request: impl Future<Output = Result<T, RestError>>,
    ) -> Result<T, RestError> {
        let stopped = || Err(RestError::Halted(Reason::new("delivery-stopping")));
        self.cancel.run_until_cancelled(request).await.unwrap_or_else(stopped)
    }

    /// Notes that no create of this message acted.
    async fn refused(&self, row: &OutboxRow) -> Result<(), StoreError> {
        let id = row.id;
        self.store.write(move |conn| outbox::refused(conn, id)).await
    }

    pub(super) fn count(&self, outcome: &'static str) {
        self.metrics.deliveries.get_or_create(&OutcomeLabel { outcome }).inc();
    }
}

fn is_pending(row: &OutboxRow) -> bool {
    row.state == State::Pending
}

fn nonce_is_old(row: &OutboxRow, now: i64) -> bool {
    row.first_attempt_ms.is_some_and(|first| now - first >= NONCE_MEMORY_MS)
}

/// 25 characters, as many as Discord takes, that only this message of this store has.
fn nonce(store_id: &str, row: &OutboxRow) -> String {
    let hash = Sha256::digest(format!("{store_id}/{}/{}", row.id, row.nonce_salt));
    let mut nonce = data_encoding::BASE32_NOPAD.encode(&hash);
    nonce.truncate(25);
    nonce
}
