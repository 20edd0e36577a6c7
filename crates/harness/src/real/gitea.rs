//! A real Gitea with one user and one repository. Invariants: it needs nothing of the machine but its program, knows nobody
//! else, and never runs as root.

use std::{
    collections::BTreeMap,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::{Child, Command, Stdio},
};

use hyper::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::free_address;
use crate::{Answer, Client, SECRET, eventually};

/// Gitea refuses to run as root; this user owns nothing.
const NOBODY: u32 = 65_534;

/// A Gitea with the user `alice` and her repository `lighthouse`. It ends when this is dropped.
#[derive(Debug)]
pub struct Gitea {
    /// Where it listens, such as `http://127.0.0.1:41000`.
    pub origin: String,
    /// Alice's, for the API.
    pub token: String,
    process: Child,
    client: Client,
    _folder: TempDir,
}

impl Drop for Gitea {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Gitea {
    /// Alice's.
    pub const PASSWORD: &str = "a-long-password";

    /// Starts `program` in a folder of its own and waits until it is up.
    pub async fn start(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let root = path.metadata().unwrap().uid() == 0;
        // What stands in a home can't be run by others.
        let binary = path.join("gitea");
        std::fs::copy(program, &binary).unwrap();
        // A Gitea that was built without its pages has them beside it, where others may not read either.
        let pages = program.parent().unwrap().join("../gitea-static");
        let mut served = String::new();
        if pages.is_dir() {
            assert!(
                Command::new("cp").arg("-r").arg(pages).arg(path.join("static")).status().unwrap().success()
            );
            served = format!("STATIC_ROOT_PATH = {}/static\n", path.display());
        }
        let port = free_address().port();
        let origin = format!("http://127.0.0.1:{port}");
        let shown = path.display();
        let configuration = format!(
            "RUN_USER = {}\nWORK_PATH = {shown}\n[server]\nHTTP_ADDR = 127.0.0.1\nHTTP_PORT = {port}\nROOT_URL = {origin}/\n\
             {served}DISABLE_SSH = true\nOFFLINE_MODE = true\nLFS_START_SERVER = false\n\
             [database]\nDB_TYPE = sqlite3\n[security]\nINSTALL_LOCK = true\n[webhook]\nALLOWED_HOST_LIST = loopback\n\
             [log]\nLEVEL = error\n",
            if root { "nobody".to_owned() } else { std::env::var("USER").unwrap_or_default() }
        );
        std::fs::write(path.join("app.ini"), configuration).unwrap();
        if root {
            for file in [path, &path.join("app.ini"), &binary] {
                chown(file, Some(NOBODY), None).unwrap();
            }
        }
        let run = |arguments: &[&str]| {
            let mut command = Command::new(&binary);
            command.args(arguments).arg("--config").arg(path.join("app.ini")).current_dir(path);
            command.env("HOME", path).env("USER", if root { "nobody" } else { "" }).stdin(Stdio::null());
            if root {
                command.uid(NOBODY);
            } else {
                command.env("USER", std::env::var("USER").unwrap_or_default());
            }
            command
        };
        let once = |arguments: &[&str]| {
            let output = run(arguments).output().unwrap();
            assert!(output.status.success(), "{arguments:?}: {output:?}");
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        once(&["migrate"]);
        let user = ["--username", "alice", "--password", Self::PASSWORD, "--email", "alice@harbor.example"];
        once(&[&["admin", "user", "create", "--admin", "--must-change-password=false"][..], &user].concat());
        let token = ["--username", "alice", "--scopes", "all", "--raw"];
        let token = once(&[&["admin", "user", "generate-access-token"][..], &token].concat());
        let process = run(&["web"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let gitea = Self { origin, token, process, client: Client::forgetful(), _folder: folder };
        eventually("gitea is up", async || {
            let request = hyper::Request::get(format!("{}/api/healthz", gitea.origin));
            let answer =
                gitea.client.try_request(request.body(http_body_util::Full::default()).unwrap()).await;
            answer.is_some_and(|answer| answer.is_success()).then_some(())
        })
        .await;
        let repository = json!({ "name": "lighthouse", "auto_init": true, "default_branch": "main" });
        gitea.call(Method::POST, "user/repos", &repository).await;
        gitea
    }

    /// Its repository tells the Vigie at `origin` what happens to it.
    pub async fn tells(&self, origin: &str) {
        let hook = json!({
            "type": "gitea", "active": true, "branch_filter": "*",
            "events": [
                "create", "delete", "push", "issues", "issue_comment", "pull_request", "pull_request_comment",
                "pull_request_review", "release", "repository", "status",
            ],
            "config": { "url": format!("{origin}/hooks/gitea"), "content_type": "json", "secret": SECRET },
        });
        self.call(Method::POST, "repos/alice/lighthouse/hooks", &hook).await;
    }

    /// Calls the API at `path` as Alice.
    pub async fn call(&self, method: Method, path: &str, body: &Value) -> Value {
        let url = format!("{}/api/v1/{path}", self.origin);
        let authorization = format!("token {}", self.token);
        let headers = [("content-type", "application/json"), ("authorization", &authorization)];
        let answer: Answer = self.client.request(method.clone(), &url, &headers, body.to_string()).await;
        assert!(answer.is_success(), "{method} {path} {body}: {} {}", answer.status, answer.text());
        answer.json()
    }

    /// Alice logs in and submits `form` (URL-encoded) to the page at `path`, for what the API can't do.
    pub async fn submit(&self, path: &str, form: &str) {
        let login =
            self.post("user/login", "", &format!("user_name=alice&password={}", Self::PASSWORD)).await;
        // The session before the login has a cookie by the same name; the last one counts.
        let cookies: BTreeMap<&str, &str> = login
            .headers
            .get_all(hyper::header::SET_COOKIE)
            .iter()
            .filter_map(|cookie| cookie.to_str().ok()?.split(';').next()?.split_once('='))
            .collect();
        let cookies: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = self.post(path, &cookies.join("; "), form).await;
        let next = answer.headers.get(hyper::header::LOCATION).and_then(|next| next.to_str().ok());
        assert!(!next.unwrap_or_default().contains("/user/login"), "{path}: Alice is not logged in");
    }

    /// Posts a form, which is answered by a way to another page, or else was refused.
    async fn post(&self, path: &str, cookies: &str, form: &str) -> Answer {
        let url = format!("{}/{path}", self.origin);
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("cookie", cookies)];
        let answer = self.client.request(Method::POST, &url, &headers, form.to_owned()).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.text());
        answer
    }
}
