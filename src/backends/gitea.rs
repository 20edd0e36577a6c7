//! Gitea's API (1.22 to 1.26, `/api/v1`; `templates/swagger/v1_json.tmpl`), as far as it is asked for what happened.
//! The objects of issues, pull requests, comments, releases, users and repositories are those of its webhooks
//! (`modules/structs`), so they are handed on as they come.

use hyper::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use url::Url;

use super::{AskError, Client};

/// How many entries a page has: Gitea's default bound (`[api] MAX_RESPONSE_ITEMS`).
pub const PAGE: usize = 50;

/// A Gitea.
#[derive(Clone)]
pub struct Gitea(Client);

/// A repository.
#[derive(Clone, Debug, Deserialize)]
pub struct Repository {
    /// Its number.
    pub id: i64,
    /// `owner/name`.
    pub full_name: String,
}

/// One entry of an activity feed (`modules/structs/activity.go`).
#[derive(Clone, Debug, Deserialize)]
pub struct Activity {
    /// Its number; grows with time over all repositories.
    pub id: i64,
    /// What was done (`commit_repo`, `create_issue`, …).
    pub op_type: String,
    /// Who did it.
    pub act_user: Value,
    /// Where.
    pub repo: Value,
    /// The comment, if it is one.
    #[serde(default)]
    pub comment: Value,
    /// The ref, whole in newer releases (`refs/heads/main`), short in older ones.
    #[serde(default, deserialize_with = "nullable")]
    pub ref_name: String,
    /// What else there is to say, in a form of each `op_type`'s own.
    #[serde(default, deserialize_with = "nullable")]
    pub content: String,
    /// When, to the second.
    pub created: Timestamp,
}

#[derive(Deserialize)]
struct Found {
    data: Vec<Repository>,
}

impl Gitea {
    /// The Gitea that `client` talks to.
    pub const fn new(client: Client) -> Self {
        Self(client)
    }

    /// The repositories that the token's user sees, a page from 1.
    pub async fn repositories(&self, page: usize) -> Result<Vec<Repository>, AskError> {
        let (page, limit) = (page.to_string(), PAGE.to_string());
        let query = [("sort", "id"), ("order", "asc"), ("page", &*page), ("limit", &*limit)];
        let found: Found = self.0.get("api/v1/repos/search", &query).await?;
        Ok(found.data)
    }

    /// The repository's newest activities, newest first, a page of `limit` from 1.
    pub async fn activities(
        &self,
        repository: &str,
        page: usize,
        limit: usize,
    ) -> Result<Vec<Activity>, AskError> {
        let (page, limit) = (page.to_string(), limit.to_string());
        let query = [("page", &*page), ("limit", &*limit)];
        self.0.get(&path(repository, &["activities", "feeds"]), &query).await
    }

    /// The issue `number`, which may be a pull request; `None` if it is gone.
    pub async fn issue(&self, repository: &str, number: u64) -> Result<Option<Value>, AskError> {
        self.thing(repository, &["issues", &number.to_string()]).await
    }

    /// The pull request `number`; `None` if it is gone.
    pub async fn pull(&self, repository: &str, number: u64) -> Result<Option<Value>, AskError> {
        self.thing(repository, &["pulls", &number.to_string()]).await
    }

    /// The release of `tag`; `None` if it is gone.
    pub async fn release(&self, repository: &str, tag: &str) -> Result<Option<Value>, AskError> {
        self.thing(repository, &["releases", "tags", tag]).await
    }

    /// Whether `id` is a comment of its own. Of one that belongs to a review Gitea answers 204
    /// (`routers/api/v1/repo/issue_comment.go`).
    pub async fn is_plain_comment(&self, repository: &str, id: u64) -> Result<bool, AskError> {
        let path = path(repository, &["issues", "comments", &id.to_string()]);
        Ok(there(self.0.text(&path).await)?.is_some_and(|body| !body.trim().is_empty()))
    }

    async fn thing(&self, repository: &str, rest: &[&str]) -> Result<Option<Value>, AskError> {
        there(self.0.get(&path(repository, rest), &[]).await)
    }
}

/// What was answered, unless that it is gone.
fn there<T>(answer: Result<T, AskError>) -> Result<Option<T>, AskError> {
    match answer {
        Err(AskError::Refused { status: StatusCode::NOT_FOUND, .. }) => Ok(None),
        answer => answer.map(Some),
    }
}

/// The path of something in `owner/name`, each part of it escaped.
fn path(repository: &str, rest: &[&str]) -> String {
    let mut path = "api/v1/repos".to_owned();
    // An address without a host takes no segments.
    let Ok(empty) = Url::parse("http://gitea/") else { return path };
    for part in repository.splitn(2, '/').chain(rest.iter().copied()) {
        let mut url = empty.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.push(part);
        }
        path.push_str(url.path());
    }
    path
}

fn nullable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_escaped() {
        let path = path("harbor/light house", &["releases", "tags", "v1/β?"]);
        assert_eq!(path, "api/v1/repos/harbor/light%20house/releases/tags/v1%2F%CE%B2%3F");
    }
}
