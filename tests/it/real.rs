//! Real programs, where they are on `PATH`: what they tell is shown as it is. Invariant: a program that is not there
//! is a named skip, never a failure.

pub(crate) mod gitea;
mod kuma;
mod prometheus;
mod woodpecker;

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
};

use harness::{FALLBACK, Lab, patiently};
use serde_json::Value;
use tokio::process::Command;

/// Where everything is routed to.
const CHANNEL: u64 = FALLBACK + 1;

/// The program that goes by one of `names`; without one it is said that the test is skipped.
pub(crate) fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let files = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let found = files.into_iter().find(|file| file.is_file());
    if found.is_none() {
        eprintln!("skipped: {} is not on PATH (see CONTRIBUTING.md)", names[0]);
    }
    found
}

/// A port that was free a moment ago: these programs do not tell which one they take.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// `program`, to be started without a word; it ends when its process is dropped.
fn silent(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command
}

/// Waits until the channel shows a message that says all `words`; what it said before it was edited does not count.
async fn shown(lab: &Lab, words: &[&str]) -> Value {
    let shown = patiently(async || {
        let mut messages = lab.messages(CHANNEL).await;
        for message in &mut messages {
            message["sim"].take();
        }
        let says = |one: &&Value| {
            let text = one.to_string();
            one["message_reference"].is_null() && words.iter().all(|word| text.contains(word))
        };
        messages.iter().find(says).cloned().ok_or(messages)
    });
    shown.await.unwrap_or_else(|messages| panic!("no message says {words:?}: {messages:#?}"))
}
