//! Vigie as a whole: the real program, real sockets, a Discord of its own.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that can't go on fails")]

mod bad_input;
mod buttons;
mod commands;
mod config;
mod crash;
mod faults;
mod files;
mod french;
mod hooks;
mod hooks_alerts;
mod hooks_own;
mod inside;
mod matrix;
mod pages;
mod path;
mod pulse;
mod real;
mod reconcile;
mod routes;
mod scripted;
mod server;
mod service;
mod session;
mod site;
mod storm;
mod systemd;
mod woodpecker;

use std::path::Path;

use harness::Lab;

/// The program under test.
fn vigie() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_vigie"))
}

/// Holds everything that went over the wire against Discord's own description, where that is at hand. Of an
/// exchange that was answered by a fault, only the request is held.
async fn hold_against_discord(lab: &Lab) {
    if let Some(description) = discord_openapi::OpenApi::load() {
        let mut log = lab.log().await;
        for exchange in log.as_array_mut().unwrap().iter_mut().filter(|one| !one["fault"].is_null()) {
            exchange["status"] = serde_json::Value::Null;
        }
        let violations = description.check_log(&log);
        assert!(violations.is_empty(), "{violations:#?}");
    }
}
