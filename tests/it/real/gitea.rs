//! A Gitea with one user and one repository. Invariant: it knows nobody but this machine, and ends with its value.

use std::{
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::{Child, Command, Stdio},
};

use harness::{Answer, Client, SECRET, eventually};
use hyper::Method;
use serde_json::{Value, json};

use super::free_address;

/// The user's password.
pub(super) const PASSWORD: &str = "a long password";

/// Gitea refuses to run as root; this user owns nothing.
const NOBODY: u32 = 65_534;

/// A Gitea with the user alice and her repository lighthouse. It ends when this is dropped.
pub(crate) struct Gitea {
    /// Such as `http://127.0.0.1:41000`.
    pub(crate) origin: String,
    /// What alice may do, by its API.
    pub(crate) token: String,
    process: Child,
    client: Client,
    _folder: tempfile::TempDir,
}

impl Drop for Gitea {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Gitea {
    pub(crate) async fn start(program: &Path) -> Self {
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
        let user = ["--username", "alice", "--password", PASSWORD, "--email", "alice@harbor.example"];
        once(&[&["admin", "user", "create", "--admin", "--must-change-password=false"][..], &user].concat());
        let token = once(&[
            "admin",
            "user",
            "generate-access-token",
            "--username",
            "alice",
            "--scopes",
            "all",
            "--raw",
        ]);
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
    pub(crate) async fn tells(&self, origin: &str) {
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

    /// Calls its API as alice; the answer, which must be a success.
    pub(crate) async fn call(&self, method: Method, path: &str, body: &Value) -> Value {
        let url = format!("{}/api/v1/{path}", self.origin);
        let authorization = format!("token {}", self.token);
        let headers = [("content-type", "application/json"), ("authorization", &authorization)];
        let answer: Answer = self.client.request(method.clone(), &url, &headers, body.to_string()).await;
        assert!(answer.is_success(), "{method} {path} {body}: {} {}", answer.status, answer.text());
        answer.json()
    }
}
