//! Real programs, where they are on `PATH`: what they tell is shown as it is. Invariant: a program that is not there
//! is a named skip, never a failure.

mod prometheus;

use std::path::PathBuf;

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
