//! Whole-program tests at the wire.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that can't go on fails")]

mod scripted;
mod session;
