//! Systems that are asked or changed: one small wire client each. Invariant: they know nothing of incidents,
//! messages or Discord.

pub mod alertmanager;
pub mod alerts;
mod client;
pub mod gitea;
pub mod kuma;
pub mod prometheus;
pub mod systemd;
pub mod woodpecker;
mod yaml;

pub use self::client::{AskError, Client, Credentials};
