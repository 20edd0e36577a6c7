//! Which route takes what: `explain-route` on sample bodies, and what `check-config` proves.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use harness::SECRET;
use stack_sim::gitea::Repository;

use crate::vigie;

const CONFIG: &str = r#"
[discord]
token_file = "/nowhere/token"
guild = 1000
fallback_channel = 2000
[sources.gitea]
secret_file = "/nowhere/secret"
[sources.kuma]
token_file = "/nowhere/token"
[sources.generic.cron]
token_file = "/nowhere/token"
[roles]
operators = 3000
[[routes]]
source = ["kuma", "generic"]
kind = ["availability", "cron"]
channels = [2001]
[[routes]]
source = "gitea"
kind = ["release", "pull_request"]
channels = [2002]
[[routes]]
repository = "harbor/crane*"
channels = [2003]
[[routes]]
source = "gitea"
kind = "push"
severity = ["info", "warning"]
labels = { team = "web" }
channels = [2004]
[[routes]]
source = "gitea"
kind = "push"
channels = [2005, 2006]
mention = { roles = ["operators"] }
quiet = { from = "22:00", to = "07:00", tz = "Europe/Paris", except = ["critical"] }
"#;

/// What `vigie` says, and how it ends.
fn say(arguments: &[&str], config: &str, body: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vigie.toml");
    std::fs::write(&path, config).unwrap();
    let path = path.to_str().unwrap();
    let mut child = Command::new(vigie())
        .args(arguments.iter().map(|argument| if *argument == "CONFIG" { path } else { argument }))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that does not read its body has ended by then.
    let _ = child.stdin.take().unwrap().write_all(body.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap().replace(folder.path().to_str().unwrap(), "");
    format!("{text}exit {}", output.status.code().unwrap())
}

fn explain(arguments: &[&str], config: &str, body: &str) -> String {
    say(&[&["explain-route", "--config", "CONFIG"], arguments].concat(), config, body)
}

fn push() -> String {
    let mut repository = Repository::new("https://git.harbor.example", "harbor/lighthouse", SECRET);
    repository.push("alice", "main", &["Light up"]).body
}

#[test]
fn a_sample_body_shows_the_route_that_takes_it_and_why_the_others_do_not() {
    insta::assert_snapshot!(explain(&["--source", "gitea", "--kind", "push", "-"], CONFIG, &push()));
}

#[test]
fn what_no_route_takes_is_said_to_go_to_the_fallback_channel() {
    let narrow = CONFIG.split("[[routes]]").take(3).collect::<Vec<_>>().join("[[routes]]");
    insta::assert_snapshot!(explain(&["--source", "gitea", "--kind", "push", "-"], &narrow, &push()));
}

#[test]
fn what_can_not_be_explained_says_what_was_expected() {
    let gitea = ["--source", "gitea", "--kind", "push", "-"];
    let said = [
        explain(&["--source", "gitlab", "-"], CONFIG, "{}"),
        explain(&["--source", "gitea", "-"], CONFIG, &push()),
        explain(&gitea, CONFIG, "{\"ref\": \"\u{1b}[2J"),
        explain(&["--source", "generic", "-"], CONFIG, "{}"),
        explain(&["--source", "gitea", "--kind", "push", "/nowhere/body"], CONFIG, ""),
        explain(&gitea, "guild = 1", &push()),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn kinds_that_no_route_could_take_are_named_once_for_each_source() {
    let check = ["check-config", "--no-files", "CONFIG"];
    insta::assert_snapshot!(say(&check, CONFIG, ""));
    let whole = format!("{CONFIG}[[routes]]\nchannels = [2001]\n");
    let said = say(&check, &whole, "");
    assert!(!said.contains("no route can take"), "{said}");
}

#[test]
fn a_kind_that_its_source_never_sends_is_a_mistake() {
    let route = |conditions: &str| {
        let config = format!(
            "{}[[routes]]\n{conditions}\nchannels = [1]\n",
            CONFIG.split("[[routes]]").next().unwrap()
        );
        say(&["check-config", "--no-files", "CONFIG"], &config, "")
    };
    assert!(route("kind = [\"alert\", \"pipeline\", \"cron\"]").ends_with("exit 0"));
    insta::assert_snapshot!(
        [route("kind = \"alerts\""), route("source = [\"kuma\", \"generic\"]\nkind = \"alert\"")].join("\n")
    );
}
