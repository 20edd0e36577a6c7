//! The simulator as its users see it: over HTTP and web sockets.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that can't go on has failed"
)]

mod gateway;
mod interactions;
mod serenity;
mod support;
