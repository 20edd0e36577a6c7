//! People's side of Discord: the gateway session, the commands, the buttons, and what is checked at its start.
//!
//! Invariants: one session at a time; nothing here ends the process; when an endpoint is configured,
//! nothing here talks to any other host; the bot's token leaves this module in no log, error or metric.
//! Channel messages are not sent from here but by the outbox, save a result whose interaction is gone.

pub mod permissions;
pub mod session;

mod backoff;
mod budget;
mod buttons;
mod client;
mod commands;
mod latency;
mod registration;
mod relay;
mod rest;
mod roles;
mod setup;
mod undecodable;
