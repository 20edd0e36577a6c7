//! Vigie as a whole: the real program, real sockets, a Discord of its own.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that can't go on fails")]

mod bad_input;
mod config;
mod crash;
mod hooks;
mod pages;
mod path;
mod scripted;
mod server;
mod service;
mod session;
mod site;

use std::path::Path;

use harness::Lab;

/// The program under test.
fn vigie() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_vigie"))
}

/// Holds everything that went over the wire against Discord's own description, where that is at hand.
async fn hold_against_discord(lab: &Lab) {
    if let Some(description) = discord_openapi::OpenApi::load() {
        let violations = description.check_log(&lab.log().await);
        assert!(violations.is_empty(), "{violations:#?}");
    }
}
