//! Bodies to read: this project's own (`tests/bodies/gitea/<kind>[.<variant>].json`), and captured ones.

use std::{env, fs, path::PathBuf, sync::LazyLock};

use crate::intake::bodies;

/// All bodies of this project: the file's name without its ending, and the text.
pub(crate) static BODIES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| bodies::all("gitea"));

/// The wire kind of a body, from its file's name.
pub(crate) fn kind_of(file: &str) -> &str {
    file.split('.').next().unwrap()
}

/// The captured bodies with their names and wire kinds; `None`, with a line that names the skipped test,
/// where they are not at hand.
pub(crate) fn real_bodies(test: &str) -> Option<Vec<(String, &'static str, Vec<u8>)>> {
    let shared = env::var_os("VIGIE_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")), PathBuf::from);
    let folder = shared.join("payloads/gitea");
    if !folder.is_dir() {
        eprintln!("skipped: {test}: no payloads/gitea below $VIGIE_SHARED");
        return None;
    }
    let mut bodies = Vec::new();
    for set in ["go-playground", "go-scm"] {
        for path in fs::read_dir(folder.join(set)).unwrap().map(|entry| entry.unwrap().path()) {
            if path.extension().is_some_and(|ending| ending == "json") {
                let file = path.file_stem().unwrap().to_str().unwrap();
                bodies.push((format!("{set}/{file}"), real_kind(file), fs::read(&path).unwrap()));
            }
        }
    }
    Some(bodies)
}

/// The wire kind of a captured body, from its file's name.
fn real_kind(file: &str) -> &'static str {
    let file = file.trim_end_matches("-event").replace('-', "_");
    let known = [
        ("pull_request_comment", "pull_request_comment"),
        ("pull_request_review", "pull_request_review_comment"),
        ("pull_request_sync", "pull_request_sync"),
        ("pull_request_assign", "pull_request_assign"),
        ("pull_request_label", "pull_request_label"),
        ("pull_request_milestone", "pull_request_milestone"),
        ("pull_request", "pull_request"),
        ("issue_comment", "issue_comment"),
        ("issue_assign", "issue_assign"),
        ("issue_label", "issue_label"),
        ("issue_milestone", "issue_milestone"),
        ("issue", "issues"),
        ("push", "push"),
        ("release", "release"),
        ("repository", "repository"),
        ("fork", "fork"),
    ];
    match file.rsplit('_').next().unwrap() {
        "create" => "create",
        "delete" => "delete",
        _ => known.into_iter().find(|(start, _)| file.starts_with(start)).unwrap().1,
    }
}
