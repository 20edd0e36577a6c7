//! Says that Woodpecker can't be reached, and that it is back. Invariants: an outage is said once in the log and once
//! to the team, after [`PATIENCE`]; its end is said to the team if its beginning was, also after a restart; a token
//! that is not there yet is said in the log only.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    follower::{Follower, Trouble},
    seen::Seen,
};
use crate::{backends::AskError, clock::later, intake::own, store::StoreError};

/// How long Woodpecker may be away before the team is told: an update of it takes less.
const PATIENCE: Duration = Duration::from_secs(30);

/// What went wrong since it last went well.
#[derive(Default)]
pub(super) struct Reach {
    failures: u32,
    /// Since when Woodpecker does not answer.
    away: Option<Timestamp>,
    /// What was said in the log.
    logged: Option<String>,
}

impl Reach {
    /// How long to wait after what went wrong: twice as long each time, with jitter.
    pub(super) fn wait(&mut self, first: Duration, longest: Duration) -> Duration {
        let step = first.saturating_mul(2_u32.saturating_pow(self.failures)).min(longest);
        self.failures = self.failures.saturating_add(1);
        step.mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    /// Takes note that a session ended.
    pub(super) async fn failed(&mut self, follower: &Follower, seen: &mut Seen, trouble: &Trouble) {
        let text = trouble.to_string();
        if self.logged.as_ref() == Some(&text) {
            tracing::debug!(source = "woodpecker", reason = text, "can't follow Woodpecker; trying again");
        } else {
            tracing::warn!(source = "woodpecker", reason = text, "can't follow Woodpecker; trying again");
            self.logged = Some(text.clone());
        }
        if !matches!(trouble, Trouble::Ask(error) if !matches!(error, AskError::Token { .. })) {
            return;
        }
        let now = follower.clock.now();
        let away = *self.away.get_or_insert(now);
        if seen.complained.is_some() || now < later(away, PATIENCE) {
            return;
        }
        let told = async {
            say(follower, "away", away, &text).await?;
            seen.complained = Some(away);
            seen.save(&follower.store, &follower.asked.url).await
        };
        if let Err(error) = told.await {
            tracing::warn!(source = "woodpecker", %error, "the team can't be told that Woodpecker is away");
        }
    }

    /// Takes note that all is well.
    pub(super) async fn reached(&mut self, follower: &Follower, seen: &mut Seen) -> Result<(), StoreError> {
        if let Some(since) = seen.complained {
            say(follower, "back", since, "").await?;
            seen.complained = None;
            seen.save(&follower.store, &follower.asked.url).await?;
        }
        if self.logged.is_some() {
            tracing::info!(source = "woodpecker", "following Woodpecker again");
        }
        *self = Self::default();
        Ok(())
    }
}

/// Says something to the team in the fallback channel.
async fn say(follower: &Follower, what: &str, since: Timestamp, reason: &str) -> Result<(), StoreError> {
    let since = since.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let variables = [("since", since.into()), ("reason", reason.into())];
    let [title, text] = ["title", "text"]
        .map(|part| follower.language.text(&format!("woodpecker-{what}-{part}"), &variables));
    follower.store.accept(own::complaint(&title, &text)).await.map(drop)
}
