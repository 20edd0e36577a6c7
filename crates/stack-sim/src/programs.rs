//! The programs that Vigie asks, behind one address, each under its name: `/gitea`, `/alertmanager`, `/grafana`,
//! `/kuma`, `/prometheus`. They answer what they were told to; Gitea's feeds are made of the deliveries of its
//! webhooks, as `services/feed/notifier.go` writes the same happenings down (1.26).

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, Uri, header::AUTHORIZATION},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio_util::task::AbortOnDropHandle;

use crate::gitea::Delivery;

/// The programs; they are gone when this is dropped.
#[derive(Debug)]
pub struct Programs {
    address: SocketAddr,
    world: Arc<Mutex<World>>,
    _server: AbortOnDropHandle<()>,
}

#[derive(Debug, Default)]
struct World {
    /// What is answered, by path.
    answers: BTreeMap<String, String>,
    /// Programs that refuse, and how.
    refusals: BTreeMap<String, u16>,
    /// Activities of each of Gitea's repositories, oldest first.
    feeds: BTreeMap<String, Vec<Value>>,
    activities: u64,
    asked: Vec<String>,
    authorizations: BTreeMap<String, String>,
}

impl Programs {
    /// Starts them on a free port.
    ///
    /// # Errors
    /// If there is none.
    pub async fn start() -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let world: Arc<Mutex<World>> = Arc::default();
        let app = Router::new().fallback(answer).with_state(Arc::clone(&world));
        let server = async move {
            // It ends with its task.
            let _ = axum::serve(listener, app).await;
        };
        Ok(Self { address, world, _server: AbortOnDropHandle::new(tokio::spawn(server)) })
    }

    /// The address of `program`.
    pub fn url(&self, program: &str) -> String {
        format!("http://{}/{program}", self.address)
    }

    /// `program` refuses everything with `status` from now on, or nothing any more.
    pub fn refuse(&self, program: &str, status: Option<u16>) {
        let mut world = lock(&self.world);
        match status {
            Some(status) => world.refusals.insert(program.to_owned(), status),
            None => world.refusals.remove(program),
        };
    }

    /// `GET path` answers `body` from now on. The path begins with the program's name.
    pub fn answer(&self, path: &str, body: &impl ToString) {
        lock(&self.world).answers.insert(format!("/{path}"), body.to_string());
    }

    /// Every path that was asked for, with its query, in order.
    pub fn asked(&self) -> Vec<String> {
        lock(&self.world).asked.clone()
    }

    /// What `program` was last given as `Authorization`.
    pub fn authorization(&self, program: &str) -> Option<String> {
        lock(&self.world).authorizations.get(program).cloned()
    }

    /// Gitea has a repository.
    pub fn repository(&self, full_name: &str) {
        lock(&self.world).feeds.entry(full_name.to_owned()).or_default();
    }

    /// What `delivery` tells happens in Gitea at `at`, whether or not it is delivered.
    pub fn happens(&self, delivery: &Delivery, at: &str) {
        let body: Value = serde_json::from_str(&delivery.body).unwrap_or_default();
        let repository = body["repository"]["full_name"].as_str().unwrap_or_default().to_owned();
        let path = format!("/gitea/api/v1/repos/{repository}");
        let mut world = lock(&self.world);
        for thing in ["issue", "pull_request"] {
            if let Some(number) = body[thing]["number"].as_u64() {
                let folder = if thing == "issue" { "issues" } else { "pulls" };
                world.answers.insert(format!("{path}/{folder}/{number}"), body[thing].to_string());
                world.answers.insert(format!("{path}/issues/{number}"), body[thing].to_string());
            }
        }
        if let Some(id) = body["comment"]["id"].as_u64() {
            world.answers.insert(format!("{path}/issues/comments/{id}"), body["comment"].to_string());
        }
        if let Some(tag) = body["release"]["tag_name"].as_str() {
            world.answers.insert(format!("{path}/releases/tags/{tag}"), body["release"].to_string());
        }
        world.activities += 1;
        let second = at.get(.."2026-01-01T00:00:00".len()).unwrap_or(at);
        let (op_type, ref_name, content) = entry(delivery, &body);
        let activity = json!({
            "id": world.activities, "user_id": 1, "op_type": op_type, "act_user_id": 1, "act_user": body["sender"],
            "repo_id": 1, "repo": body["repository"], "comment_id": body["comment"]["id"], "comment": body["comment"],
            "ref_name": ref_name, "is_private": false, "content": content, "created": format!("{second}Z"),
        });
        world.feeds.entry(repository).or_default().push(activity);
    }
}

/// `op_type`, `ref_name` and `content`.
fn entry(delivery: &Delivery, body: &Value) -> (String, String, String) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name = text(&body["ref"]);
    let about = |thing: &str, rest: &str| format!("{}|{rest}", body[thing]["number"]);
    match delivery.event_type {
        "push" => {
            let commit = |commit: &Value| {
                json!({
                    "Sha1": commit["id"], "Message": commit["message"], "AuthorName": commit["author"]["name"],
                    "AuthorEmail": commit["author"]["email"], "Timestamp": commit["timestamp"],
                })
            };
            let commits: Vec<Value> =
                body["commits"].as_array().into_iter().flatten().rev().map(commit).collect();
            let repository = text(&body["repository"]["full_name"]);
            let content = json!({
                "CompareURL": format!("{repository}/compare/{}...{}", text(&body["before"]), text(&body["after"])),
                "HeadCommit": commits.first(), "Len": body["total_commits"], "Commits": commits,
            });
            ("commit_repo".to_owned(), name, content.to_string())
        }
        "create" if body["ref_type"] == "tag" => {
            let compare = format!("x/compare/{:040}...{}", 0, text(&body["sha"]));
            let content = json!({ "Commits": null, "HeadCommit": null, "CompareURL": compare, "Len": 0 });
            ("push_tag".to_owned(), format!("refs/tags/{name}"), content.to_string())
        }
        "issues" => {
            ("create_issue".to_owned(), String::new(), about("issue", &text(&body["issue"]["title"])))
        }
        "issue_comment" => {
            ("comment_issue".to_owned(), String::new(), about("issue", &text(&body["comment"]["body"])))
        }
        "release" => {
            let tag = format!("refs/tags/{}", text(&body["release"]["tag_name"]));
            ("publish_release".to_owned(), tag, text(&body["release"]["name"]))
        }
        "pull_request_review_approved" => (
            "approve_pull_request".to_owned(),
            String::new(),
            about("pull_request", &text(&body["review"]["content"])),
        ),
        "pull_request" if body["action"] == "closed" => (
            "merge_pull_request".to_owned(),
            String::new(),
            about("pull_request", &text(&body["pull_request"]["title"])),
        ),
        "pull_request" => (
            "create_pull_request".to_owned(),
            String::new(),
            about("pull_request", &text(&body["pull_request"]["title"])),
        ),
        other => (format!("unknown_{other}"), String::new(), String::new()),
    }
}

async fn answer(
    State(world): State<Arc<Mutex<World>>>,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let mut world = lock(&world);
    let path = uri.path();
    world.asked.push(uri.to_string());
    let program = path.split('/').nth(1).unwrap_or_default().to_owned();
    if let Some(value) = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) {
        world.authorizations.insert(program.clone(), value.to_owned());
    }
    if let Some(status) = world.refusals.get(&program) {
        let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::IM_A_TEAPOT);
        return (status, "told to refuse").into_response();
    }
    let number = |name: &str, default: usize| query.get(name).and_then(|n| n.parse().ok()).unwrap_or(default);
    let (page, limit) = (number("page", 1).max(1), number("limit", 50));
    if path == "/gitea/api/v1/repos/search" {
        let all = world.feeds.keys().enumerate().map(|(id, name)| json!({ "id": id + 1, "full_name": name }));
        let data: Vec<_> = all.skip((page - 1) * limit).take(limit).collect();
        return json!({ "ok": true, "data": data }).to_string().into_response();
    }
    let feed =
        path.strip_prefix("/gitea/api/v1/repos/").and_then(|rest| rest.strip_suffix("/activities/feeds"));
    if let Some(feed) = feed.and_then(|name| world.feeds.get(name)) {
        let mut entries: Vec<_> = feed.iter().collect();
        // Gitea sorts by the time alone, which is in whole seconds.
        entries.sort_by_key(|entry| Reverse(entry["created"].as_str()));
        let page: Vec<_> = entries.into_iter().skip((page - 1) * limit).take(limit).collect();
        return json!(page).to_string().into_response();
    }
    match world.answers.get(path) {
        Some(body) => body.clone().into_response(),
        None => (StatusCode::NOT_FOUND, "nothing is there").into_response(),
    }
}

fn lock(world: &Arc<Mutex<World>>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}
