//! Vigie: the lookout of a self-hosted forge. What happens becomes an [`event::Event`], events make
//! incidents, incidents make messages, messages are delivered to Discord; nothing goes back.
//!
//! ```text
//! sources ─► intake ─► store(inbox) ─► incident ─► render ─► store(outbox) ─► delivery ─► Discord
//! people  ─► discord ─► actions ─► backends, store(incidents, audit, outbox)
//! ```

pub mod actions;
pub mod app;
pub mod backends;
pub mod cli;
pub mod clock;
pub mod config;
pub mod crash_point;
pub mod delivery;
pub mod demo;
pub mod discord;
pub mod event;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
pub mod halt;
pub mod health;
pub mod incident;
pub mod intake;
pub mod language;
pub mod pulse;
pub mod reason;
pub mod render;
pub mod span;
pub mod store;
pub mod subject;
pub mod supervisor;
pub mod telemetry;
pub mod watchdog;
pub mod web;
mod wire;
