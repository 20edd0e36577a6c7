//! Replies: where they go, and the threads that they stand in. Invariants: a thread is made with its first
//! reply and archived when its incident is over; where there can't be one, a plain reply in the channel takes
//! its place; a reply whose message is gone is said all the same.

use serde_json::{Value, json};

use super::{
    attempt::{Attempt, Obstacle, Step},
    error::RestError,
    lookup::UNKNOWN_MESSAGE,
};
use crate::{
    crash_point::CrashPoint,
    store::{
        StoreError,
        outbox::{self, Head, OutboxRow, Place, Thread},
    },
};

/// After how many minutes without a word Discord archives a thread by itself: a day.
const ARCHIVE_AFTER_MINUTES: u32 = 1440;

/// The longest name of a thread (<https://docs.discord.com/developers/resources/channel>).
const NAME: usize = 100;

/// How many threads are archived at once.
const ARCHIVED_AT_ONCE: u32 = 20;

/// "A thread has already been created for this message".
const THREAD_EXISTS: u64 = 160_004;

/// Where a message is created.
pub(super) struct Target {
    /// The channel or thread.
    pub(super) channel: u64,
    /// The message there that it answers.
    pub(super) answers: Option<u64>,
}

impl Attempt {
    /// Where `head` is to be created. Makes the thread that it is to stand in.
    pub(super) async fn target(&self, head: &Head) -> Result<Target, Obstacle> {
        let plain = Target { channel: head.channel_id, answers: None };
        let Some(reply) = head.reply else { return Ok(plain) };
        let main = self.store.read(move |conn| outbox::get(conn, reply.to)).await?;
        let Some((main, message)) = main.and_then(|main| main.message_id.map(|message| (main, message)))
        else {
            return Ok(plain);
        };
        let in_thread = reply.place == Place::Thread && self.has_thread(&main, message).await?;
        // The thread of a message has the message's id
        // (<https://docs.discord.com/developers/resources/channel#start-thread-from-message>).
        let thread = Target { channel: message, answers: None };
        Ok(if in_thread { thread } else { Target { channel: head.channel_id, answers: Some(message) } })
    }

    /// Whether there is a thread below `message` once this was asked.
    async fn has_thread(&self, main: &OutboxRow, message: u64) -> Result<bool, Obstacle> {
        let thread = match main.thread {
            Thread::Refused => return Ok(false),
            Thread::Open => return Ok(true),
            // Who writes into it opens it again.
            Thread::Archived => Thread::Open,
            Thread::None => self.make_thread(main, message).await?,
        };
        CrashPoint::ThreadMade.reached();
        let id = main.id;
        self.store.write(move |conn| outbox::set_thread(conn, id, thread)).await?;
        CrashPoint::ThreadStored.reached();
        Ok(thread == Thread::Open)
    }

    async fn make_thread(&self, main: &OutboxRow, message: u64) -> Result<Thread, Obstacle> {
        let path = format!("/channels/{}/messages/{message}/threads", main.channel_id);
        let body = json!({ "name": name(main), "auto_archive_duration": ARCHIVE_AFTER_MINUTES });
        match self.unless_cancelled(self.rest.post(&path, &body)).await {
            Ok(_) | Err(RestError::Refused { code: THREAD_EXISTS, .. }) => Ok(Thread::Open),
            // Its next edit makes the message anew.
            Err(RestError::Refused { code: UNKNOWN_MESSAGE, .. }) => Ok(Thread::None),
            // The most threads are open that Discord allows (160006), the channel can't have any, or the bot
            // may not make them.
            Err(error @ RestError::Refused { .. }) => {
                tracing::warn!(
                    channel = main.channel_id, reference = %main.reference, %error,
                    "no thread can be made; details come as plain replies (grant CREATE_PUBLIC_THREADS if that is missing)"
                );
                self.count("thread_refused");
                Ok(Thread::Refused)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The thread takes no message of the bot's: what was to stand there becomes a plain reply.
    pub(super) async fn leave_thread(&self, row: &OutboxRow, error: &RestError) -> Result<Step, Obstacle> {
        let Some(reply) = row.reply else { return Ok(Step::Again) };
        tracing::warn!(
            channel = row.channel_id, reference = %row.reference, %error,
            "a thread takes no messages; details come as plain replies (grant SEND_MESSAGES_IN_THREADS if that is missing)"
        );
        self.store.write(move |conn| outbox::set_thread(conn, reply.to, Thread::Refused)).await?;
        self.count("thread_refused");
        Ok(Step::Again)
    }

    /// Archives the threads of incidents that are over.
    pub(super) async fn archive_threads(&self) -> Result<Step, StoreError> {
        for main in self.store.read(|conn| outbox::to_archive(conn, ARCHIVED_AT_ONCE)).await? {
            let Some(message) = main.message_id else { continue };
            let (id, path, body) = (main.id, format!("/channels/{message}"), json!({ "archived": true }));
            let request = self.rest.patch(&path, &body);
            let thread = match self.unless_cancelled(request).await {
                // A thread that is gone needs no archiving, and one that the bot may not archive ends by itself.
                Ok(_) | Err(RestError::Refused { .. }) => Thread::Archived,
                Err(error) => {
                    tracing::debug!(channel = main.channel_id, %error, "a thread is archived later");
                    return Ok(Step::Done);
                }
            };
            self.store.write(move |conn| outbox::set_thread(conn, id, thread)).await?;
        }
        Ok(Step::Done)
    }
}

/// What the thread below a message is called: the message's title, and the reference by which people know it.
fn name(main: &OutboxRow) -> String {
    let payload: Value = serde_json::from_str(&main.payload).unwrap_or_default();
    let title = payload["embeds"][0]["title"].as_str().unwrap_or_default();
    let plain: String = title.chars().filter(|c| !c.is_control() && !"\\*_`~|<>[]".contains(*c)).collect();
    let ending = format!(" · {}", main.reference);
    let room = NAME - ending.encode_utf16().count();
    let mut units = 0;
    let kept: String = plain
        .trim()
        .chars()
        .take_while(|c| {
            units += c.len_utf16();
            units <= room
        })
        .collect();
    if kept.is_empty() { main.reference.clone() } else { kept + &ending }
}
