//! Units of this machine that fail (systemd 252 and later), heard of over D-Bus. Invariants:
//! - a failure is told once, however often it is heard of or found: what is news is judged by what is stored, in the
//!   transaction that stores it;
//! - a listing of what has failed follows each connect, and another every [`EVERY`]: what has failed since is found,
//!   what has failed and recovered since is not;
//! - a unit that systemd starts again by itself has not failed, and one that is being started has not recovered;
//! - whatever the bus does, nothing here ends by itself.

mod follower;
mod report;

use std::time::Duration;

pub use self::follower::Follower;
use crate::event::Event;

/// How often what has failed is listed while all is well.
pub const EVERY: Duration = Duration::from_mins(1);

/// Reads a stored report of a unit.
///
/// # Errors
/// If it is none: what was expected and what came.
pub fn read(body: &[u8]) -> Result<Event, String> {
    report::read(body)
}
