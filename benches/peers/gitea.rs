//! Gitea, whose webhooks post to Discord and tell Vigie. Invariant: each happening is an issue.

use std::path::Path;

use harness::real::Gitea;
use hyper::Method;
use serde_json::{Value, json};

use crate::{script::Happening, stage::Stage};

const REPOSITORY: &str = "repos/alice/lighthouse";

/// A Gitea with a repository and its webhooks, and its version.
pub(crate) async fn start(program: &Path, stage: &Stage) -> (Gitea, String) {
    let gitea = Gitea::start(program).await;
    // A hook for Discord that the API of 1.26 makes lacks the settings without which Gitea does not send.
    let form =
        format!("payload_url={}&username=gitea&events=choose_events&issues=on&active=on", stage.webhook);
    gitea.submit("alice/lighthouse/settings/hooks/discord/new", &form).await;
    gitea.tells(&format!("http://{}", stage.hooks)).await;
    let version = gitea.call(Method::GET, "version", &Value::Null).await;
    (gitea, version["version"].as_str().unwrap().to_owned())
}

/// The configuration of the Vigie that it tells.
pub(crate) fn vigie(gitea: &Gitea, stage: &Stage) -> String {
    std::fs::write(stage.vigie.folder().join("api"), &gitea.token).unwrap();
    let section = "[sources.gitea]\n";
    let asked = format!("{section}url = \"{}\"\napi_token_file = \"api\"\n", gitea.origin);
    stage.configuration("").replace(section, &asked)
}

pub(crate) async fn tell(gitea: &Gitea, happening: &Happening) {
    let issue = json!({ "title": happening.title, "body": happening.text });
    gitea.call(Method::POST, &format!("{REPOSITORY}/issues"), &issue).await;
}
