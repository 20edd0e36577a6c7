//! Discord's rate limits, learnt from its answers
//! (<https://docs.discord.com/developers/topics/rate-limits>). Invariants:
//! - a bucket sees one request at a time, so what the last answer said of it is what holds;
//! - nothing goes into a bucket that is known to be empty, nor anywhere before a 429's wait is over;
//! - at most [`GLOBAL_PER_SECOND`] requests start in any second;
//! - a request that is given up frees its place.

use std::{
    collections::{HashMap, VecDeque},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hyper::{HeaderMap, Method};
use jiff::Timestamp;
use tokio::sync::Notify;

use super::budget::{Admission, Budget};
use crate::clock::{Clock, later};

/// A bot may send 50 requests a second; this leaves room for those of the session.
const GLOBAL_PER_SECOND: usize = 45;

/// What a rate limit hangs on before its bucket is known: the method, the path without ids, and the
/// top-level resource, whose every channel, guild and webhook is limited by itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Route {
    template: String,
    resource: String,
}

impl Route {
    /// The route of `method` on `path` (without `/api/v10`; a query is left out).
    pub(super) fn of(method: &Method, path: &str) -> Self {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        let mut segments = path.trim_matches('/').split('/');
        let kind = segments.next().unwrap_or_default();
        let ids = match kind {
            "channels" | "guilds" => 1,
            "webhooks" => 2,
            _ => 0,
        };
        let resource = segments.by_ref().take(ids).collect::<Vec<_>>().join("/");
        let is_id = |segment: &str| segment.bytes().all(|byte| byte.is_ascii_digit());
        let rest = segments.map(|segment| if is_id(segment) { ":id" } else { segment });
        let template = format!("{method} /{}", [kind].into_iter().chain(rest).collect::<Vec<_>>().join("/"));
        Self { template, resource }
    }

    /// Its bucket's key while Discord has named none.
    fn unnamed(&self) -> Key {
        (self.template.clone(), self.resource.clone())
    }
}

/// What an answer says of the limits.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Limits {
    bucket: Option<String>,
    remaining: Option<u32>,
    reset_after: Option<Duration>,
}

impl Limits {
    /// Reads the `X-RateLimit-*` headers; what is absent or unreadable is unknown.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            bucket: text("x-ratelimit-bucket").map(str::to_owned),
            remaining: text("x-ratelimit-remaining").and_then(|value| value.parse().ok()),
            reset_after: text("x-ratelimit-reset-after").and_then(seconds),
        }
    }
}

/// A number of seconds, rounded up to a millisecond: the store and the clock know no finer time.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    let exact = Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
    Some(Duration::from_millis(u64::try_from(exact.as_nanos().div_ceil(1_000_000)).ok()?))
}

/// What a 429 stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// This bot in this bucket.
    User,
    /// This bot everywhere.
    Global,
    /// All bots on this resource; it does not count as an invalid request.
    Shared,
}

/// The buckets of one bot, shared by all that send.
#[derive(Clone, Debug)]
pub(super) struct Buckets {
    clock: Clock,
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    /// The bucket that Discord named for a route's template.
    names: HashMap<String, String>,
    /// The buckets that are known to be empty, and until when.
    empty: HashMap<Key, Timestamp>,
    /// When the requests of the last second started.
    started: VecDeque<Timestamp>,
    stopped_until: Option<Timestamp>,
    in_flight: Vec<Route>,
    budget: Budget,
}

/// A bucket's name (or a template, until Discord named one) and the resource.
type Key = (String, String);

enum Turn {
    Now,
    NotBefore(Timestamp),
    AfterAnswer,
}

/// The right to send one request. Dropping it gives the right back.
#[derive(Debug)]
pub(super) struct Permit {
    buckets: Buckets,
    route: Route,
}

impl Buckets {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, state: Arc::default(), changed: Arc::default() }
    }

    /// Waits until a request on `route` may go out.
    pub(super) async fn permit(&self, route: Route) -> Permit {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let now = self.clock.now();
            let turn = self.state().turn(&route, now);
            match turn {
                Turn::Now => return Permit { buckets: self.clone(), route },
                Turn::AfterAnswer => changed.await,
                Turn::NotBefore(until) => {
                    tokio::select! {
                        () = self.clock.sleep_until(until) => {}
                        () = changed => {}
                    }
                }
            }
        }
    }

    /// Until when nothing is sent because too many requests were refused.
    pub(super) fn paused_until(&self) -> Option<Timestamp> {
        let now = self.clock.now();
        self.state().budget.exhausted_until(now)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change under the lock is whole before anything in it could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn turn(&mut self, route: &Route, now: Timestamp) -> Turn {
        const SECOND: Duration = Duration::from_secs(1);
        let key = self.key(route);
        if self.in_flight.iter().any(|other| other == route || self.key(other) == key) {
            return Turn::AfterAnswer;
        }
        self.empty.retain(|_, until| *until > now);
        let until = [self.empty.get(&key), self.empty.get(&route.unnamed()), self.stopped_until.as_ref()];
        if let Some(&until) = until.into_iter().flatten().max().filter(|&&until| until > now) {
            return Turn::NotBefore(until);
        }
        while self.started.front().is_some_and(|&start| later(start, SECOND) <= now) {
            self.started.pop_front();
        }
        if let Some(&oldest) = self.started.front()
            && self.started.len() >= GLOBAL_PER_SECOND
        {
            return Turn::NotBefore(later(oldest, SECOND));
        }
        match self.budget.admit(self.in_flight.len(), now) {
            Admission::NotBefore(until) => Turn::NotBefore(until),
            Admission::AfterAnswer => Turn::AfterAnswer,
            Admission::Granted => {
                self.in_flight.push(route.clone());
                self.started.push_back(now);
                Turn::Now
            }
        }
    }

    fn key(&self, route: &Route) -> Key {
        let unnamed = route.unnamed();
        self.names.get(&unnamed.0).map_or(unnamed.clone(), |name| (name.clone(), unnamed.1))
    }

    /// The bucket that an answer on `route` speaks of.
    fn learn(&mut self, route: &Route, limits: &Limits) -> Key {
        if let Some(name) = &limits.bucket {
            self.names.insert(route.template.clone(), name.clone());
        }
        self.key(route)
    }
}

impl Permit {
    /// What is sent, without ids and tokens: fit for a log.
    pub(super) fn what(&self) -> &str {
        &self.route.template
    }

    /// Notes what the answer said of the limits.
    pub(super) fn answered(&self, limits: &Limits) {
        let now = self.buckets.clock.now();
        let mut state = self.buckets.state();
        let key = state.learn(&self.route, limits);
        if let (Some(0), Some(reset_after)) = (limits.remaining, limits.reset_after) {
            state.empty.insert(key, later(now, reset_after));
        }
    }

    /// Notes a 429: nothing that `scope` covers goes out for `wait`.
    pub(super) fn limited(&self, limits: &Limits, scope: Scope, wait: Duration) {
        let until = later(self.buckets.clock.now(), wait);
        let mut state = self.buckets.state();
        let key = state.learn(&self.route, limits);
        match scope {
            Scope::Global => state.stopped_until = state.stopped_until.max(Some(until)),
            Scope::User | Scope::Shared => {
                let empty_until = state.empty.entry(key).or_insert(until);
                *empty_until = until.max(*empty_until);
            }
        }
    }

    /// Notes an answer that counts towards Discord's limit of invalid requests; says until when sending
    /// pauses if it was the last that Vigie allows itself.
    pub(super) fn invalid(&self) -> Option<Timestamp> {
        let now = self.buckets.clock.now();
        let mut state = self.buckets.state();
        state.budget.spend(now);
        state.budget.exhausted_until(now)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.buckets.state().in_flight.retain(|route| *route != self.route);
        self.buckets.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
