//! Woodpecker on a Gitea: a pipeline that fails and is fixed in the same message, while Gitea's own webhooks go on.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use data_encoding::BASE64;
use harness::{Answer, Client, FALLBACK, Lab, eventually, real::Gitea};
use http_body_util::Full;
use hyper::{Method, Request};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use url::form_urlencoded;

use super::{CHANNEL, free_address, program, shown, silent};
use crate::{hold_against_discord, vigie};

/// Where Gitea's events go.
const CODE: u64 = FALLBACK + 2;

/// What agents prove themselves by.
const AGENTS: &str = "a secret for tests only";

const GREEN: u32 = 0x002d_a44e;

/// What the real one is made of.
struct Installed {
    gitea: PathBuf,
    server: PathBuf,
    agent: PathBuf,
}

impl Installed {
    fn find() -> Option<Self> {
        let (server, agent) = (program(&["woodpecker-server"])?, program(&["woodpecker-agent"])?);
        // What an agent clones with; without it, it would fetch one.
        for name in ["plugin-git", "git-lfs"] {
            program(&[name])?;
        }
        Some(Self { gitea: program(&["gitea"])?, server, agent })
    }
}

/// A person's browser. It keeps the cookies of this machine, and waits to be told where to go next.
#[derive(Default)]
struct Browser {
    client: Client,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Opens `url`, or sends it a form.
    async fn visit(&mut self, url: &str, form: Option<&str>) -> Answer {
        let method = if form.is_some() { Method::POST } else { Method::GET };
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let headers =
            [("content-type", "application/x-www-form-urlencoded"), ("cookie", &cookies.join("; "))];
        let form = form.unwrap_or_default().to_owned();
        let answer = self.client.request(method, url, &headers, form).await;
        assert!(answer.status < 400, "{url}: {} {}", answer.status, answer.text());
        for cookie in answer.headers.get_all("set-cookie") {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}

/// Where an answer leads.
fn location(answer: &Answer) -> &str {
    answer.headers["location"].to_str().unwrap()
}

/// A Woodpecker to which Gitea tells what is pushed.
struct Woodpecker {
    origin: String,
    /// What alice may do, by its API.
    token: String,
    agents: String,
    _server: Child,
    folder: TempDir,
}

impl Woodpecker {
    async fn start(program: &Path, gitea: &Gitea) -> Self {
        let folder = TempDir::new().unwrap();
        let [address, agents] = [free_address(), free_address()].map(|address| address.to_string());
        let origin = format!("http://{address}");
        let application = json!({
            "name": "Woodpecker", "confidential_client": true, "redirect_uris": [format!("{origin}/authorize")],
        });
        let application = gitea.call(Method::POST, "user/applications/oauth2", &application).await;
        let said = |name: &str| application[name].as_str().unwrap();
        let database = folder.path().join("woodpecker.sqlite");
        let mut server = quiet(program, &folder);
        server.envs([
            ("WOODPECKER_HOST", &*origin),
            ("WOODPECKER_SERVER_ADDR", &address),
            ("WOODPECKER_GRPC_ADDR", &agents),
            ("WOODPECKER_AGENT_SECRET", AGENTS),
            ("WOODPECKER_DATABASE_DATASOURCE", database.to_str().unwrap()),
            ("WOODPECKER_OPEN", "true"),
            ("WOODPECKER_ADMIN", "alice"),
            ("WOODPECKER_GITEA", "true"),
            ("WOODPECKER_GITEA_URL", &gitea.origin),
            ("WOODPECKER_GITEA_CLIENT", said("client_id")),
            ("WOODPECKER_GITEA_SECRET", said("client_secret")),
        ]);
        let server = server.spawn().unwrap();
        let client = Client::default();
        eventually("Woodpecker is up", async || {
            let request = Request::get(format!("{origin}/healthz")).body(Full::default()).unwrap();
            client.try_request(request).await.filter(Answer::is_success)
        })
        .await;
        let token = token(&origin, gitea).await;
        let repository =
            gitea.call(Method::GET, "repos/alice/lighthouse", &Value::Null).await["id"].to_string();
        let activation = format!("{origin}/api/repos?forge_remote_id={repository}");
        let headers = [("authorization", &*format!("Bearer {token}"))];
        let answer = client.request(Method::POST, &activation, &headers, "").await;
        assert!(answer.is_success(), "{} {}", answer.status, answer.text());
        Self { origin, token, agents, _server: server, folder }
    }

    /// Starts to run what waits.
    fn agent(&self, program: &Path) -> Child {
        let health = free_address().to_string();
        let mut agent = quiet(program, &self.folder);
        agent.envs([
            ("WOODPECKER_SERVER", &*self.agents),
            ("WOODPECKER_AGENT_SECRET", AGENTS),
            ("WOODPECKER_AGENT_CONFIG_FILE", "agent.conf"),
            ("WOODPECKER_HEALTHCHECK_ADDR", &health),
            ("WOODPECKER_BACKEND", "local"),
            ("WOODPECKER_BACKEND_LOCAL_TEMP_DIR", self.folder.path().to_str().unwrap()),
        ]);
        agent.spawn().unwrap()
    }
}

/// `program`, to be started in `folder`, with nothing of this environment but what it finds other programs by.
fn quiet(program: &Path, folder: &TempDir) -> Command {
    let mut command = silent(program);
    let path = std::env::var_os("PATH").unwrap();
    command.env_clear().env("PATH", path).env("HOME", folder.path()).current_dir(folder.path());
    command
}

/// Has alice log in to the Woodpecker at `origin` by Gitea, as in a browser; the token that she then asks for.
async fn token(origin: &str, gitea: &Gitea) -> String {
    let mut browser = Browser::default();
    let login = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("user_name", "alice"), ("password", Gitea::PASSWORD)])
        .finish();
    browser.visit(&format!("{}/user/login", gitea.origin), Some(&login)).await;
    let asked = browser.visit(&format!("{origin}/authorize"), None).await;
    browser.visit(location(&asked), None).await;
    // Gitea's page asks alice, in a form with what stands in its address.
    let grant = format!("{}&granted=true", location(&asked).split_once('?').unwrap().1);
    let granted = browser.visit(&format!("{}/login/oauth/grant", gitea.origin), Some(&grant)).await;
    browser.visit(location(&granted), None).await;
    let page = browser.visit(&format!("{origin}/web-config.js"), None).await.text();
    let (_, proof) = page.split_once("WOODPECKER_CSRF = \"").unwrap();
    let proof = proof.split_once('"').unwrap().0;
    let session = format!("Bearer {}", browser.cookies["user_sess"]);
    let headers = [("authorization", &*session), ("x-csrf-token", proof)];
    let answer =
        browser.client.request(Method::POST, &format!("{origin}/api/user/token"), &headers, "").await;
    assert!(answer.is_success(), "{} {}", answer.status, answer.text());
    answer.text()
}

/// Pushes a pipeline of one step, which ends with `exit`, in place of the file with the hash `old`; the new file's hash.
async fn push(gitea: &Gitea, message: &str, exit: u8, old: &Value) -> Value {
    let commands = ["cat README.md", "echo the wick is wet", "echo no light >&2", &format!("exit {exit}")];
    let step = json!({ "name": "light", "image": "bash", "commands": commands });
    let pipeline = json!({ "when": [{ "event": "push" }], "steps": [step] }).to_string();
    let change = json!({ "content": BASE64.encode(pipeline.as_bytes()), "message": message, "sha": old });
    let path = "repos/alice/lighthouse/contents/.woodpecker.yaml";
    gitea.call(Method::PUT, path, &change).await["content"]["sha"].clone()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "real programs keep real time: by itself, see CONTRIBUTING.md"]
async fn a_pipeline_of_a_real_woodpecker_fails_and_is_fixed_while_giteas_own_webhooks_go_on() {
    let Some(installed) = Installed::find() else { return };
    let gitea = Gitea::start(&installed.gitea).await;
    let woodpecker = Woodpecker::start(&installed.server, &gitea).await;
    let lab = Lab::new(2).await;
    std::fs::write(lab.folder().join("woodpecker-token"), &woodpecker.token).unwrap();
    let more = format!(
        "[sources.woodpecker]\nurl = \"{}\"\napi_token_file = \"woodpecker-token\"\n\
         [[routes]]\nsource = \"woodpecker\"\nchannels = [{CHANNEL}]\n[[routes]]\nchannels = [{CODE}]",
        woodpecker.origin
    );
    let vigie = lab.vigie_with(vigie(), &lab.configuration(&more)).await;
    vigie.ready().await;
    gitea.tells(&vigie.origin).await;

    let file = push(&gitea, "Light the lamp", 3, &Value::Null).await;
    let waits = shown(&lab, &["Pipeline #1 waits", "Light the lamp"]).await;
    let _agent = woodpecker.agent(&installed.agent);
    let failed =
        ["Pipeline #1 failed", "light` failed with exit code 3", "# lighthouse", "no light\\n+ exit 3"];
    let failed = shown(&lab, &failed).await;
    assert_eq!(failed["id"], waits["id"]);
    push(&gitea, "Dry the wick", 0, &file).await;
    let fixed = shown(&lab, &["Fixed by pipeline #2", "Broken by pipeline #1"]).await;
    assert_eq!((&fixed["id"], &fixed["embeds"][0]["color"]), (&failed["id"], &json!(GREEN)));

    let hooks = gitea.call(Method::GET, "repos/alice/lighthouse/hooks", &Value::Null).await;
    assert_eq!(hooks.as_array().unwrap().len(), 2, "Vigie's and Woodpecker's: {hooks:#}");
    for message in ["Light the lamp", "Dry the wick"] {
        eventually("each push is shown once", async || {
            let messages = lab.messages(CODE).await;
            let pushes = messages.iter().filter(|one| {
                let embed = &one["embeds"][0];
                embed["title"].as_str().is_some_and(|title| title.ends_with("1 commit to main"))
                    && embed["description"].to_string().contains(message)
            });
            (pushes.count() == 1).then_some(())
        })
        .await;
    }
    assert!(lab.messages(FALLBACK).await.is_empty());
    hold_against_discord(&lab).await;
}
