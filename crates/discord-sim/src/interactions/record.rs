//! What is known of each interaction. Invariants: an interaction is answered once; its token is good for 15 minutes
//! from its making, its first answer for 3 seconds (docs, "Receiving and Responding: Responding to an Interaction");
//! this lock is taken after the world's, never before.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use crate::{Id, error::ApiError};

/// How long the first answer may take, in ms.
pub(super) const ANSWER_MS: i64 = 3_000;
/// How long a token is good, in ms.
const TOKEN_MS: i64 = 15 * 60 * 1000;
/// How many interactions are remembered; the oldest go.
const KEPT: usize = 10_000;

/// What a user did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Command,
    Autocomplete,
    Button,
    Select,
    Modal,
}

/// What a user or message command is run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    User(Id),
    Message(Id),
}

/// How the bot answered first.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// Type 4.
    Message,
    /// Type 5.
    Deferred,
    /// Type 6.
    DeferredUpdate,
    /// Type 7.
    Update,
    /// Type 8.
    Choices(Value),
    /// Type 9.
    Modal(Value),
}

/// One interaction.
#[derive(Debug)]
pub(super) struct Interaction {
    pub(super) id: Id,
    pub(super) token: String,
    pub(super) kind: Kind,
    pub(super) guild: Id,
    pub(super) channel: Id,
    pub(super) user: Id,
    pub(super) created_ms: i64,
    /// The command's name.
    pub(super) command: Option<String>,
    /// What a user or message command was run on.
    pub(super) target: Option<Target>,
    /// The message whose component was worked, also for a modal that came of one.
    pub(super) source: Option<Id>,
    /// For a modal: the metadata of the interaction that showed it.
    pub(super) trigger: Option<Value>,
    pub(super) answer: Option<Answer>,
    /// What `@original` means.
    pub(super) original: Option<Id>,
    /// The messages that came of it, in the order in which the user saw them first.
    pub(super) shown: Vec<Id>,
}

/// The interactions of this simulator.
#[derive(Debug)]
pub(crate) struct Registry {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) interactions: BTreeMap<Id, Interaction>,
}

impl Default for Registry {
    fn default() -> Self {
        Self { state: Mutex::default(), changed: watch::Sender::new(()) }
    }
}

impl Registry {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what belongs to a guild, or everything.
    pub(crate) fn reset(&self, guild: Option<Id>) {
        self.state()
            .interactions
            .retain(|_, interaction| guild.is_some_and(|guild| interaction.guild != guild));
        self.notify();
    }

    /// The guild of the interaction with this token.
    pub(crate) fn guild_of(&self, token: &str) -> Option<Id> {
        self.state()
            .interactions
            .values()
            .rfind(|interaction| interaction.token == token)
            .map(|found| found.guild)
    }

    /// Wakes those who wait for an interaction.
    pub(super) fn notify(&self) {
        self.changed.send_replace(());
    }

    /// Waits until `ready` says so of the interaction, or it is gone.
    pub(super) async fn wait(&self, id: Id, ready: impl Fn(&Interaction) -> bool) {
        let mut changed = self.changed.subscribe();
        while self.state().interactions.get(&id).is_some_and(|interaction| !ready(interaction)) {
            // The sender lives in `self`, so this can't fail while we wait.
            let _ = changed.changed().await;
        }
    }
}

impl State {
    /// Enters an interaction.
    pub(super) fn enter(&mut self, interaction: Interaction) {
        self.interactions.insert(interaction.id, interaction);
        while self.interactions.len() > KEPT {
            self.interactions.pop_first();
        }
    }

    /// The interaction that a callback may still answer; 10062, or 40060 for one that has its answer.
    pub(super) fn unanswered(
        &mut self,
        id: Id,
        token: &str,
        now_ms: i64,
    ) -> Result<&mut Interaction, ApiError> {
        let interaction = self.interactions.get_mut(&id).filter(|interaction| interaction.token == token);
        let interaction = interaction.ok_or_else(ApiError::unknown_interaction)?;
        if interaction.answer.is_some() {
            return Err(ApiError::already_acknowledged());
        }
        if now_ms - interaction.created_ms > ANSWER_MS {
            return Err(ApiError::unknown_interaction());
        }
        Ok(interaction)
    }

    /// The answered interaction of a token that is still good; 10015, or 50027 for one that has run out.
    pub(super) fn answered(&self, token: &str, now_ms: i64) -> Result<&Interaction, ApiError> {
        let interaction = self.interactions.values().rfind(|interaction| interaction.token == token);
        interaction.ok_or_else(ApiError::unknown_webhook)?.check_token(now_ms)
    }

    /// Like [`Self::answered`], to be changed.
    pub(super) fn answered_mut(&mut self, token: &str, now_ms: i64) -> Result<&mut Interaction, ApiError> {
        let interaction = self.interactions.values_mut().rfind(|interaction| interaction.token == token);
        let interaction = interaction.ok_or_else(ApiError::unknown_webhook)?;
        interaction.check_token(now_ms)?;
        Ok(interaction)
    }
}

impl Interaction {
    fn check_token(&self, now_ms: i64) -> Result<&Self, ApiError> {
        if now_ms - self.created_ms > TOKEN_MS {
            return Err(ApiError::invalid_webhook_token());
        }
        if self.answer.is_none() { Err(ApiError::unknown_webhook()) } else { Ok(self) }
    }

    /// Whether the first answer only promised another one.
    pub(super) fn is_deferred(&self) -> bool {
        matches!(self.answer, Some(Answer::Deferred | Answer::DeferredUpdate))
    }

    /// Whether the user sees the outcome.
    pub(super) fn is_final(&self) -> bool {
        self.answer.is_some() && !(self.is_deferred() && self.shown.is_empty())
    }

    /// Notes a message that the user now sees.
    pub(super) fn show(&mut self, message: Id) {
        if !self.shown.contains(&message) {
            self.shown.push(message);
        }
    }
}

/// The token of an interaction: hard to guess for a bot, the same in each run.
pub(super) fn token(id: Id) -> String {
    let secret = BASE64URL_NOPAD.encode(&Sha256::digest(format!("interaction token of {id}")));
    BASE64URL_NOPAD.encode(format!("interaction:{id}:{secret}").as_bytes())
}
