//! All sessions. Invariants: [`Hub::dispatch`] never blocks on anything but this hub's own short lock, and
//! nothing here takes the world's lock, since events are dispatched while that one is held (order: world, hub);
//! a session has at most one connection.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;
use tokio::sync::Notify;

use super::{
    budget::{Budget, Verdict},
    payload::{Close, Identify, Resume},
    session::{Gap, Link, Session},
};
use crate::Id;

/// The sessions, and how many more may be started.
#[derive(Debug, Default)]
pub(crate) struct Hub(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// By session id.
    sessions: HashMap<String, Session>,
    /// By token.
    budgets: HashMap<String, Budget>,
    /// Tokens that Discord has reset because their budget was overdrawn.
    revoked: HashSet<String>,
    connections: u64,
    /// Woken when connections should look at the faults.
    wakes: HashMap<u64, Arc<Notify>>,
    closing: bool,
    orders: Orders,
}

/// How often faults were ordered and taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Orders {
    ordered: u64,
    pub(super) cleared: u64,
}

/// A connection's hold on a session.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    pub(super) session_id: String,
    connection: u64,
    /// The number of the last event sent.
    pub(super) sent: u64,
}

/// Why an IDENTIFY or RESUME got no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// op 9.
    InvalidSession,
    /// 4004.
    AuthenticationFailed,
    /// 4007.
    InvalidSeq,
    /// 4011.
    ShardingRequired,
    /// 4014.
    DisallowedIntents,
}

/// What is left of a session when its connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Resumable,
    Over,
}

impl Hub {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends an event to every session that hears it.
    pub(crate) fn dispatch(&self, guild: Option<Id>, event: &'static str, data: &Value) {
        for session in self.state().sessions.values_mut() {
            session.hear(guild, event, data);
        }
    }

    /// Sends an event to one session, whatever its intents.
    pub(super) fn tell(&self, hold: &Hold, event: &str, data: &Value) {
        if let Some(session) = self.state().sessions.get_mut(&hold.session_id) {
            session.push(event, data);
        }
    }

    /// Forgets budgets and resets of tokens if everything is reset. Sessions go on: the world tells them what is gone.
    pub(crate) fn reset(&self, guild: Option<Id>) {
        if guild.is_none() {
            let mut state = self.state();
            state.budgets.clear();
            state.revoked.clear();
        }
    }

    /// Takes connections (again), as a server that starts does.
    pub(crate) fn open(&self) {
        self.state().closing = false;
    }

    /// Ends every connection, as a server that stops does.
    pub(crate) fn close(&self) {
        self.state().closing = true;
        self.wake_all();
    }

    /// Whether [`Hub::close`] was called.
    pub(super) fn is_closing(&self) -> bool {
        self.state().closing
    }

    /// Whether this token was reset (REST answers it with 401).
    pub(crate) fn is_revoked(&self, token: &str) -> bool {
        self.state().revoked.contains(super::payload::bare(token))
    }

    /// `session_start_limit` of `GET /gateway/bot`.
    pub(crate) fn session_start_limit(&self, token: &str, now_ms: i64) -> Value {
        self.state().budgets.entry(super::payload::bare(token).to_owned()).or_default().limit(now_ms)
    }

    /// Makes every session feel a fault that was just ordered.
    pub(crate) fn fault_ordered(&self) {
        self.state().orders.ordered += 1;
        self.wake_all();
    }

    /// Makes every session forget faults that were taken away.
    pub(crate) fn faults_cleared(&self) {
        self.state().orders.cleared += 1;
        self.wake_all();
    }

    pub(super) fn orders(&self) -> Orders {
        self.state().orders
    }

    fn wake_all(&self) {
        for wake in self.state().wakes.values() {
            wake.notify_one();
        }
    }

    /// Enters a connection; its number, and what wakes it.
    pub(super) fn connect(&self) -> (u64, Arc<Notify>) {
        let mut state = self.state();
        state.connections += 1;
        let (number, wake) = (state.connections, Arc::new(Notify::new()));
        state.wakes.insert(number, Arc::clone(&wake));
        (number, wake)
    }

    /// Starts a session with its first events, all of which it hears without a gap if the caller holds the world's lock.
    pub(super) fn identify(
        &self,
        identify: Identify,
        connection: u64,
        now_ms: i64,
        first: impl FnOnce(&str, &mut Session),
    ) -> Result<Hold, Refusal> {
        let mut state = self.state();
        let state = &mut *state;
        state.sessions.retain(|_, session| session.is_alive(now_ms));
        if state.revoked.contains(&identify.token) {
            return Err(Refusal::AuthenticationFailed);
        }
        match state.budgets.entry(identify.token.clone()).or_default().identify(now_ms) {
            Verdict::Start => {}
            Verdict::TooFast => return Err(Refusal::InvalidSession),
            Verdict::Spent => {
                tracing::warn!("1000 IDENTIFYs within 24 hours: the token is reset, as Discord does");
                state.sessions.retain(|_, session| session.token != identify.token);
                state.wakes.values().for_each(|wake| wake.notify_one());
                state.revoked.insert(identify.token);
                return Err(Refusal::AuthenticationFailed);
            }
        }
        let wake = state.wakes.get(&connection).map(Arc::clone).unwrap_or_default();
        let session_id = format!("{now_ms:016x}{connection:016x}");
        let link = Link::Attached(connection);
        let mut session = Session::new(identify.token, identify.intents, identify.shard, link, wake);
        first(&session_id, &mut session);
        state.sessions.insert(session_id.clone(), session);
        Ok(Hold { session_id, connection, sent: 0 })
    }

    /// Takes a session up again; what was missed and RESUMED follow in its frames.
    pub(super) fn resume(&self, resume: Resume, connection: u64, now_ms: i64) -> Result<Hold, Refusal> {
        let mut state = self.state();
        let state = &mut *state;
        let session = state.sessions.get_mut(&resume.session_id);
        let session = session.filter(|session| session.is_alive(now_ms)).ok_or(Refusal::InvalidSession)?;
        if session.token != super::payload::bare(&resume.token) {
            return Err(Refusal::AuthenticationFailed);
        }
        match session.after(resume.seq) {
            Err(Gap::NeverSent) => return Err(Refusal::InvalidSeq),
            Err(Gap::Lost) => return Err(Refusal::InvalidSession),
            Ok(_) => {}
        }
        // A connection that still held it finds itself without.
        session.wake.notify_one();
        let wake = state.wakes.get(&connection).map(Arc::clone).unwrap_or_default();
        session.wake = wake;
        session.link = Link::Attached(connection);
        session.push("RESUMED", &serde_json::json!({"_trace": []}));
        Ok(Hold { session_id: resume.session_id, connection, sent: resume.seq })
    }

    /// The frames that `hold` has not sent yet, or why its connection must end.
    pub(super) fn unsent(&self, hold: &mut Hold) -> Result<Vec<Arc<str>>, Close> {
        let state = self.state();
        // While a connection holds it, a session goes only by the reset of its token.
        let session = state.sessions.get(&hold.session_id).ok_or(Close::AuthenticationFailed)?;
        let frames =
            session.after(hold.sent).ok().filter(|_| session.link == Link::Attached(hold.connection));
        // Taken over by another connection, or too far behind.
        let frames = frames.ok_or(Close::UnknownError)?;
        hold.sent = session.seq();
        Ok(frames)
    }

    /// Takes a connection out.
    pub(super) fn disconnect(&self, connection: u64, hold: Option<&Hold>, fate: Fate, now_ms: i64) {
        let mut state = self.state();
        state.wakes.remove(&connection);
        let Some(hold) = hold else { return };
        let Some(session) = state.sessions.get_mut(&hold.session_id) else { return };
        if session.link == Link::Attached(connection) {
            match fate {
                Fate::Resumable => session.link = Link::Detached(now_ms),
                Fate::Over => drop(state.sessions.remove(&hold.session_id)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::intents::Intents;
    use crate::gateway::payload::{Compress, Shard};

    fn identify(hub: &Hub, connection: u64, now_ms: i64) -> Result<Hold, Refusal> {
        let intents = Intents::new(0).unwrap();
        let identify = Identify { token: "t".into(), intents, compress: Compress::No, shard: Shard(0, 1) };
        hub.identify(identify, connection, now_ms, |_, _| ())
    }

    #[test]
    fn a_token_whose_budget_is_overdrawn_is_reset_and_its_sessions_end() {
        let hub = Hub::default();
        let (connection, _) = hub.connect();
        let mut first = identify(&hub, connection, 0).unwrap();
        let mut now_ms = 0;
        for _ in 1..1000 {
            now_ms += 5000;
            let (connection, _) = hub.connect();
            let hold = identify(&hub, connection, now_ms).unwrap();
            hub.disconnect(connection, Some(&hold), Fate::Over, now_ms);
        }
        assert_eq!(hub.unsent(&mut first), Ok(vec![]));
        let (connection, _) = hub.connect();
        assert_eq!(identify(&hub, connection, now_ms + 5000).unwrap_err(), Refusal::AuthenticationFailed);
        assert_eq!(hub.unsent(&mut first), Err(Close::AuthenticationFailed));
        assert!(hub.is_revoked("Bot t"));
        hub.reset(None);
        assert!(identify(&hub, connection, now_ms + 5000).is_ok());
    }

    #[test]
    fn a_session_has_one_connection() {
        let hub = Hub::default();
        let ((old, _), (new, _)) = (hub.connect(), hub.connect());
        let mut hold = identify(&hub, old, 0).unwrap();
        let session_id = hold.session_id.clone();
        let mut resumed = hub.resume(Resume { token: "t".into(), session_id, seq: 0 }, new, 1).unwrap();
        assert_eq!(hub.unsent(&mut hold), Err(Close::UnknownError));
        assert_eq!(hub.unsent(&mut resumed).map(|frames| frames.len()), Ok(1));
        // The old connection's end leaves the session alone.
        hub.disconnect(old, Some(&hold), Fate::Over, 2);
        assert_eq!(hub.unsent(&mut resumed), Ok(vec![]));
    }
}
