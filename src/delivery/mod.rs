//! From the outbox to Discord. Invariants: a message that the outbox holds is shown once, in its newest
//! version, in the order of its channel, however often Vigie or Discord fails in between; one channel's
//! trouble never holds up another.

mod attempt;
mod buckets;
mod budget;
mod dispatcher;
mod error;
mod file;
mod lookup;
mod refusal;
mod remedy;
mod replies;
mod rest;
mod shrink;

pub use buckets::Scope;
pub use dispatcher::Dispatcher;
pub use error::{Acted, RestError, SetupError};
pub use refusal::{Complaint, Refusal};
pub use rest::{AGENT, Rest, RestSettings, discord};
