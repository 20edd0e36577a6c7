//! Real programs, where they are on `PATH`. Invariants: one that is not there is named, never a failure; each ends with
//! the value that holds it.

mod gitea;
mod kuma;

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

pub use gitea::Gitea;
pub use kuma::{Kuma, KumaParts};

/// The program that goes by one of `names`; without one it is said that what needs it is skipped.
pub fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let files = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let found = files.into_iter().find(|file| file.is_file());
    if found.is_none() {
        eprintln!("skipped: {} is not on PATH (see CONTRIBUTING.md)", names[0]);
    }
    found
}

/// A port that was free a moment ago, for programs that do not tell which one they take.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// `program`, to be started without a word; it ends when its process is dropped.
pub fn silent(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command
}
