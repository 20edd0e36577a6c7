#![doc = include_str!("../README.md")]
//!
//! # Invariants
//!
//! Everything is in memory and belongs to one [`Sim`]; time comes from its [`Clock`] only;
//! guilds do not touch each other (only the global rate limit, the count of invalid requests and the identify
//! budget are the bot's).

mod clock;
mod control;
mod error;
mod faults;
mod gateway;
mod interactions;
mod limits;
mod log;
mod permissions;
mod ratelimit;
mod rest;
mod server;
mod snowflake;
mod world;

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::Router;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::broadcast;

pub use crate::{clock::Clock, server::ServeError, snowflake::Id};
use crate::{faults::Faults, log::Log, ratelimit::RateLimits, world::World};

/// A button that an embedding program adds to the page: it posts to `path`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// What the button says.
    pub label: String,
    /// Where a click is posted, on the same origin.
    pub path: String,
}

/// What an embedding program may choose.
#[derive(Clone, Debug)]
pub struct Options {
    /// The simulator's clock; a clone moves it.
    pub clock: Clock,
    /// Extra buttons of the page.
    pub actions: Vec<Action>,
    /// Further routes on the same origin, such as those that the buttons post to.
    pub routes: Router,
    /// What HELLO asks for; Discord's is 41,250.
    pub heartbeat_interval_ms: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Clock::default(),
            actions: Vec::new(),
            routes: Router::new(),
            heartbeat_interval_ms: 41_250,
        }
    }
}

/// A running Discord. Clones share one state.
#[derive(Clone, Debug)]
pub struct Sim(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    world: Mutex<World>,
    clock: Clock,
    actions: Vec<Action>,
    routes: Router,
    heartbeat_interval_ms: u64,
    faults: Faults,
    limits: RateLimits,
    log: Log,
    live: broadcast::Sender<Arc<str>>,
    gateway: gateway::Hub,
    interactions: interactions::Registry,
}

impl Default for Sim {
    fn default() -> Self {
        Self::new(Options::default())
    }
}

impl Sim {
    /// An empty Discord.
    pub fn new(options: Options) -> Self {
        let clock = options.clock;
        Self(Arc::new(Inner {
            world: Mutex::new(World::new(clock.clone())),
            faults: Faults::default(),
            limits: RateLimits::default(),
            log: Log::default(),
            live: broadcast::Sender::new(4096),
            gateway: gateway::Hub::default(),
            interactions: interactions::Registry::default(),
            actions: options.actions,
            routes: options.routes,
            heartbeat_interval_ms: options.heartbeat_interval_ms,
            clock,
        }))
    }

    /// The simulator's clock.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Everything under one router: `/api`, `/gateway`, `/attachments`, `/_sim`. It can be merged into another.
    pub fn router(&self) -> Router {
        server::router(self).merge(self.0.routes.clone())
    }

    /// The state, locked. What was noted while it was held goes out, in order, before it is released.
    /// Never hold it across an `await`.
    pub(crate) fn world(&self) -> WorldGuard<'_> {
        WorldGuard { sim: self, world: self.0.world.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    /// What HELLO asks for.
    pub(crate) fn heartbeat_interval_ms(&self) -> u64 {
        self.0.heartbeat_interval_ms
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.0.faults
    }

    pub(crate) fn limits(&self) -> &RateLimits {
        &self.0.limits
    }

    pub(crate) fn log(&self) -> &Log {
        &self.0.log
    }

    pub(crate) fn gateway(&self) -> &gateway::Hub {
        &self.0.gateway
    }

    pub(crate) fn interactions(&self) -> &interactions::Registry {
        &self.0.interactions
    }

    pub(crate) fn actions(&self) -> &[Action] {
        &self.0.actions
    }

    /// What `GET /_sim/live` follows: `{"event","guild_id","data"}` as JSON text.
    pub(crate) fn live(&self) -> &broadcast::Sender<Arc<str>> {
        &self.0.live
    }
}

/// The locked state.
pub(crate) struct WorldGuard<'a> {
    sim: &'a Sim,
    world: MutexGuard<'a, World>,
}

impl Deref for WorldGuard<'_> {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for WorldGuard<'_> {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

impl Drop for WorldGuard<'_> {
    fn drop(&mut self) {
        for change in self.world.take_changes() {
            if self.sim.live().receiver_count() > 0 {
                let line = json!({"event": change.event, "guild_id": change.guild_id, "data": change.data});
                // The last follower may have gone since it was counted.
                let _ = self.sim.live().send(line.to_string().into());
            }
            self.sim.gateway().dispatch(change.guild_id, change.event, &change.data);
        }
    }
}
