//! Woodpecker (2.8, 3.x), which has no webhooks: its event stream is followed, and what the stream did not tell is
//! found by listing. Invariants:
//! - each state of a pipeline is stored at most once, and none that a listing can find is lost: what was told is
//!   known only after it is stored, and what is stored twice has the same delivery id;
//! - the stream is a hurry, not a source of truth: it has no ids, repeats nothing and leaves out some changes, so a
//!   listing follows each connect, and another every [`EVERY`];
//! - what a step wrote comes after the step's last state, so it is read again until it rests, and then stored as a
//!   further state;
//! - whatever Woodpecker says or does not say, nothing here ends by itself.

mod follower;
mod listing;
mod log;
mod logs;
mod mask;
mod reach;
mod report;
mod seen;
mod sse;
mod stream;

use std::time::Duration;

pub use self::follower::Follower;
use crate::event::Event;

/// How often everything is listed while the stream stands.
pub const EVERY: Duration = Duration::from_mins(2);

/// Reads a stored report of a pipeline.
///
/// # Errors
/// If it is none: what was expected and what came.
pub fn read(body: &[u8]) -> Result<Event, String> {
    report::read(body)
}
