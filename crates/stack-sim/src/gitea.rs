//! A Gitea (1.26) that lives in one repository and tells its webhooks what happens there: `POST` of JSON with
//! `X-Gitea-Event`, `-Event-Type`, `-Delivery`, and `-Signature`, the lower-case hex HMAC-SHA256 of the body
//! (Gitea, services/webhook/deliver.go).

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// One delivery of a webhook, ready to be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The event's group, as in `X-Gitea-Event`.
    pub event: &'static str,
    /// The event's exact kind, as in `X-Gitea-Event-Type`.
    pub event_type: &'static str,
    /// The delivery's id, new for each delivery.
    pub id: String,
    /// The JSON body.
    pub body: String,
    /// The body's signature.
    pub signature: String,
}

impl Delivery {
    /// The headers that Gitea sends with it.
    pub fn headers(&self) -> [(&'static str, &str); 5] {
        [
            ("content-type", "application/json"),
            ("x-gitea-event", self.event),
            ("x-gitea-event-type", self.event_type),
            ("x-gitea-delivery", &self.id),
            ("x-gitea-signature", &self.signature),
        ]
    }
}

/// What happens to a pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullRequestStep {
    /// It is opened.
    Opened,
    /// Commits are added to its branch.
    Synchronized,
    /// It is merged.
    Merged,
}

/// A repository of a simulated Gitea.
#[derive(Debug)]
pub struct Repository {
    address: String,
    full_name: String,
    secret: String,
    deliveries: u64,
    commits: u64,
    head: String,
}

impl Repository {
    /// A repository `full_name` (`owner/name`) of a Gitea at `address`, whose webhook has `secret`.
    pub fn new(address: &str, full_name: &str, secret: &str) -> Self {
        let head = hash(&["first commit of", full_name]);
        let (address, full_name, secret) = (address.to_owned(), full_name.to_owned(), secret.to_owned());
        Self { address, full_name, secret, deliveries: 0, commits: 0, head }
    }

    /// `author` pushes commits with `messages` to `branch`.
    pub fn push(&mut self, author: &str, branch: &str, messages: &[&str]) -> Delivery {
        let before = self.head.clone();
        let commits: Vec<Value> = messages.iter().map(|message| self.commit(author, message)).collect();
        let body = json!({
            "ref": format!("refs/heads/{branch}"),
            "before": before,
            "after": self.head,
            "compare_url": format!("{}/compare/{before}...{}", self.url(), self.head),
            "total_commits": commits.len(),
            "head_commit": commits.last(),
            "commits": commits,
            "pusher": self.person(author),
        });
        self.deliver("push", "push", author, body)
    }

    /// `author` moves `branch` from one commit to another, without a new commit: a forced push, or its return.
    pub fn force_push(&mut self, author: &str, branch: &str, before: &str, after: &str) -> Delivery {
        let body = json!({
            "ref": format!("refs/heads/{branch}"), "before": before, "after": after, "compare_url": "",
            "total_commits": 0, "head_commit": null, "commits": [], "pusher": self.person(author),
        });
        self.deliver("push", "push", author, body)
    }

    /// The same content under a new delivery id, as Gitea's redelivery button sends it.
    pub fn redeliver(&mut self, delivery: &Delivery) -> Delivery {
        Delivery { id: self.delivery_id(), ..delivery.clone() }
    }

    /// `author` makes the tag `name` at the newest commit.
    pub fn tag(&mut self, author: &str, name: &str) -> Delivery {
        let body = json!({ "sha": self.head, "ref": name, "ref_type": "tag" });
        self.deliver("create", "create", author, body)
    }

    /// `author` publishes a release of the tag `name` with `notes`.
    pub fn release(&mut self, author: &str, name: &str, notes: &str) -> Delivery {
        let body = json!({
            "action": "published",
            "release": {
                "id": self.deliveries, "tag_name": name, "name": name, "body": notes, "draft": false, "prerelease": false,
                "html_url": format!("{}/releases/tag/{name}", self.url()), "author": self.person(author), "assets": [],
            },
        });
        self.deliver("release", "release", author, body)
    }

    /// Something happens to pull request `number` (`title`, from `head` to `main`).
    pub fn pull_request(
        &mut self,
        author: &str,
        number: u64,
        title: &str,
        head: &str,
        step: PullRequestStep,
    ) -> Delivery {
        let (event_type, action) = match step {
            PullRequestStep::Opened => ("pull_request", "opened"),
            PullRequestStep::Synchronized => ("pull_request_sync", "synchronized"),
            PullRequestStep::Merged => ("pull_request", "closed"),
        };
        let pull_request = self.pull_request_object(author, number, title, head, step);
        let body = json!({ "action": action, "number": number, "pull_request": pull_request });
        self.deliver("pull_request", event_type, author, body)
    }

    /// `reviewer` approves pull request `number`.
    pub fn approve(&mut self, reviewer: &str, number: u64, title: &str, head: &str, words: &str) -> Delivery {
        let pull_request =
            self.pull_request_object(reviewer, number, title, head, PullRequestStep::Synchronized);
        let body = json!({
            "action": "reviewed", "number": number, "pull_request": pull_request,
            "review": { "type": "pull_request_review_approved", "content": words },
        });
        self.deliver("pull_request_approved", "pull_request_review_approved", reviewer, body)
    }

    /// `author` opens issue `number`.
    pub fn issue(&mut self, author: &str, number: u64, title: &str, text: &str) -> Delivery {
        let body = json!({ "action": "opened", "number": number, "issue": self.issue_object(author, number, title, text) });
        self.deliver("issues", "issues", author, body)
    }

    /// `author` comments on issue `number`.
    pub fn comment(&mut self, author: &str, number: u64, title: &str, words: &str) -> Delivery {
        let id = self.deliveries;
        let body = json!({
            "action": "created",
            "issue": self.issue_object(author, number, title, ""),
            "comment": {
                "id": id, "body": words, "user": self.person(author),
                "html_url": format!("{}/issues/{number}#issuecomment-{id}", self.url()),
            },
            "is_pull": false,
        });
        self.deliver("issue_comment", "issue_comment", author, body)
    }

    fn delivery_id(&mut self) -> String {
        self.deliveries += 1;
        let digest = hash(&[&self.full_name, "delivery", &self.deliveries.to_string()]);
        let parts = [&digest[..8], &digest[8..12], &digest[12..16], &digest[16..20], &digest[20..32]];
        parts.join("-")
    }

    fn commit(&mut self, author: &str, message: &str) -> Value {
        self.commits += 1;
        self.head = hash(&[&self.full_name, &self.commits.to_string(), message]);
        json!({
            "id": self.head,
            "message": format!("{message}\n"),
            "url": format!("{}/commit/{}", self.url(), self.head),
            "author": { "name": author, "email": format!("{author}@harbor.example"), "username": author },
            "committer": { "name": author, "email": format!("{author}@harbor.example"), "username": author },
            "verification": null,
            "timestamp": "2026-11-21T10:00:00+01:00",
            "added": null, "removed": null, "modified": ["README.md"],
        })
    }

    fn pull_request_object(
        &self,
        author: &str,
        number: u64,
        title: &str,
        head: &str,
        step: PullRequestStep,
    ) -> Value {
        let merged = step == PullRequestStep::Merged;
        json!({
            "id": number, "number": number, "user": self.person(author), "title": title, "body": "",
            "labels": [], "milestone": null, "assignee": null, "assignees": null, "requested_reviewers": null,
            "state": if merged { "closed" } else { "open" }, "merged": merged,
            "merge_commit_sha": merged.then_some(&self.head),
            "html_url": format!("{}/pulls/{number}", self.url()),
            "base": { "label": "main", "ref": "main", "sha": self.head },
            // A push to the branch moves its head, so that each step of a pull request differs.
            "head": { "label": head, "ref": head, "sha": hash(&[head, &self.deliveries.to_string()]) },
        })
    }

    fn issue_object(&self, author: &str, number: u64, title: &str, text: &str) -> Value {
        json!({
            "id": number, "number": number, "user": self.person(author), "title": title, "body": text,
            "labels": [], "milestone": null, "assignee": null, "assignees": null, "state": "open",
            "html_url": format!("{}/issues/{number}", self.url()), "pull_request": null,
        })
    }

    fn person(&self, name: &str) -> Value {
        json!({
            "id": 1, "login": name, "username": name, "full_name": "",
            "html_url": format!("{}/{name}", self.address),
        })
    }

    fn url(&self) -> String {
        format!("{}/{}", self.address, self.full_name)
    }

    fn deliver(
        &mut self,
        event: &'static str,
        event_type: &'static str,
        sender: &str,
        body: Value,
    ) -> Delivery {
        let id = self.delivery_id();
        let mut object = match body {
            Value::Object(object) => object,
            other => Map::from_iter([("payload".to_owned(), other)]),
        };
        let (owner, name) = self.full_name.split_once('/').unwrap_or(("", &self.full_name));
        object.insert(
            "repository".into(),
            json!({
                "id": 1, "name": name, "full_name": self.full_name, "html_url": self.url(),
                "owner": self.person(owner), "default_branch": "main", "private": false,
            }),
        );
        object.insert("sender".into(), self.person(sender));
        let body = Value::Object(object).to_string();
        let signature = sign(&self.secret, body.as_bytes());
        Delivery { event, event_type, id, body, signature }
    }
}

/// The signature that Gitea puts into `X-Gitea-Signature`.
pub fn sign(secret: &str, body: &[u8]) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key will do");
    mac.update(body);
    HEXLOWER.encode(&mac.finalize().into_bytes())
}

/// Forty hex digits that stand for a commit.
fn hash(parts: &[&str]) -> String {
    HEXLOWER.encode(&Sha256::digest(parts.join("\n")))[..40].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_known_one() {
        // RFC 4231, test case 2.
        assert_eq!(
            sign("Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_story_told_twice_gives_the_same_deliveries() {
        let tell = || {
            let mut repository = Repository::new("https://git.harbor.example", "harbor/lighthouse", "secret");
            [repository.push("alice", "main", &["Light the lamp"]), repository.tag("alice", "v1.0.0")]
        };
        assert_eq!(tell(), tell());
        assert_ne!(tell()[0].id, tell()[1].id);
    }
}
