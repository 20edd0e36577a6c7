//! From the outbox to Discord. Invariants: a message that the outbox holds is shown once, in its newest
//! version, in the order of its channel, however often Vigie or Discord fails in between; one channel's
//! trouble never holds up another.

mod buckets;
mod budget;
mod rest;

pub use buckets::Scope;
pub use rest::{AGENT, Acted, DISCORD, Rest, RestError, RestSettings, SetupError};
