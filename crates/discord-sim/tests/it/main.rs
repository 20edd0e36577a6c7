//! The simulator as its users see it: over HTTP and web sockets.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what helps a test fails it as a test does"
)]

mod control;
mod faults;
mod gateway;
mod interactions;
mod limits;
mod rest;
mod serenity;
mod support;
