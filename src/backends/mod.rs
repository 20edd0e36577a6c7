//! Systems that are asked or changed: one small wire client each. Invariant: they know nothing of incidents,
//! messages or Discord.

pub mod alertmanager;
mod client;
pub mod woodpecker;

pub use self::client::{AskError, Client, Credentials};
