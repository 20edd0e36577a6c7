//! Reads Gitea's webhooks (1.22 to 1.26; `modules/structs/hook.go`, `services/webhook/notifier.go`).
//!
//! Invariants:
//! - the same body always gives the same event, whatever its delivery id;
//! - what Gitea may leave out or send as `null` may be absent: lists, objects, texts, even the sender;
//! - a kind that is not known is a generic event, never a mistake;
//! - an event is bounded in size, whatever the body is: texts are cut, lists keep their newest.
//!
//! Kinds are grouped as Gitea groups them, so that all that happens to a pull request takes one route. In
//! the table, `…` stands for `owner/name`; a digest is the start of the SHA-256 of the body, which Gitea
//! repeats to the byte when it delivers again.
//!
//! | wire kind | event kind | `object` | `source_key` | `incident` |
//! |---|---|---|---|---|
//! | `push` | `push` | `… refs/heads/x` | object, before, after | stands alone |
//! | `create`, `delete` | the same | `… refs/heads/x` | object, `created` and commit, or `deleted` and digest | stands alone |
//! | `issues`, `issue_assign`, `_label`, `_milestone` | `issues` | `…#12` | object, action, digest | the object |
//! | `issue_comment`, `pull_request_comment` | `issue_comment` | `… comment 43` | object, action, digest | the object |
//! | `pull_request`, `_assign`, `_label`, `_milestone`, `_sync`, `_review_request` | `pull_request` | `…#12` | object, action, digest | the object |
//! | `pull_request_review_approved`, `_rejected`, `_comment` | `pull_request_review` | `…#12` | object, `reviewed`, digest | stands alone |
//! | `release` | `release` | `… release v1.0` | object, action, digest | `… release`, its number |
//! | `repository`, `fork` | the same | `…` | object, action, digest | stands alone |
//! | `wiki` | `wiki` | `… wiki Page` | object, action, digest | stands alone |
//! | `package` | `package` | `owner package type/name@version` | object, action, digest | stands alone |
//! | `status` | `status` | `… status`, commit, context | object, state, digest | the object |
//! | `workflow_run`, `workflow_job` | the same | `… run 7`, `… job 9` | object, status, digest | the object |
//! | any other | the same | `…`, kind | object, digest | stands alone |

mod checks;
mod issues;
mod pulls;
mod refs;
mod repositories;
#[cfg(test)]
pub(crate) mod tests;
mod unknown;
mod wire;

use std::borrow::Cow;

use hyper::{HeaderMap, header};
use serde::{Deserialize, de::IgnoredAny};
use thiserror::Error;

use super::hooks::Request;
use crate::{
    event::{Event, Source, Told},
    store::Arrival,
};

/// The longest kind that is taken; Gitea's longest has 28 letters.
const KIND_AT_MOST: usize = 64;

/// Delivery ids are UUIDs; one that is far longer is not kept.
const DELIVERY_AT_MOST: usize = 128;

/// Why something is not a webhook of Gitea. The text is meant for its sender.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadError {
    /// A form lacks the field that holds the event.
    #[error("expected the form field 'payload' with the JSON of the event, found none")]
    NoPayload,
    /// No header names the kind of event.
    #[error(
        "no event kind came: expected the header X-Gitea-Event-Type or X-Gitea-Event; \
         in Gitea, choose a webhook of type 'Gitea'"
    )]
    NoKind,
    /// The header that names the kind holds something else.
    #[error(
        "expected an event kind of at most 64 letters, digits, '_' and '-', such as 'pull_request', \
         but {header} is '{came}'"
    )]
    BadKind {
        /// The header.
        header: &'static str,
        /// What it holds, cut.
        came: String,
    },
    /// The body stops in the middle.
    #[error(
        "expected the whole JSON body of a Gitea '{kind}' event, but it ends at line {line} column {column}"
    )]
    Truncated {
        /// The kind that was read.
        kind: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 0.
        column: usize,
    },
    /// The body is not JSON.
    #[error("expected the JSON body of a Gitea '{kind}' event, but it is not JSON: {what}")]
    NotJson {
        /// The kind that was read.
        kind: String,
        /// What is wrong, and where.
        what: String,
    },
    /// The body is JSON, but not of this kind.
    #[error("expected the body of a Gitea '{kind}' event, but it is other JSON: {what}")]
    NotGitea {
        /// The kind that was read.
        kind: String,
        /// What is wrong, and where.
        what: String,
    },
}

impl ReadError {
    fn of(kind: &str, error: &serde_json::Error) -> Self {
        let kind = kind.to_owned();
        if error.is_eof() {
            return Self::Truncated { kind, line: error.line(), column: error.column() };
        }
        // The names of Rust's types say nothing to the sender.
        let text = ["u64", "i64"].into_iter().fold(error.to_string(), |text, integer| {
            text.replace(&format!("expected {integer}"), "expected a whole number")
        });
        // The text may quote a value of the body, whatever its length.
        let what = wire::cut(text, 300);
        if error.is_data() { Self::NotGitea { kind, what } } else { Self::NotJson { kind, what } }
    }
}

/// The exact kind of the event (`pull_request_sync`), to be kept beside the body for [`read`].
///
/// `X-Gitea-Event` holds only the group (`pull_request`), and nothing for packages and statuses in some
/// releases (`modules/webhook/type.go`), so `X-Gitea-Event-Type` goes first; then the copies that Gitea
/// sends under the names of Gogs and GitHub (`services/webhook/deliver.go`).
///
/// # Errors
/// If no header names a kind, or it cannot be one.
pub fn kind(headers: &HeaderMap) -> Result<String, ReadError> {
    let names = [
        "x-gitea-event-type",
        "x-gitea-event",
        "x-gogs-event-type",
        "x-gogs-event",
        "x-github-event-type",
        "x-github-event",
    ];
    let (header, value) = names
        .into_iter()
        .filter_map(|name| Some((name, headers.get(name)?.as_bytes().trim_ascii())))
        .find(|(_, value)| !value.is_empty())
        .ok_or(ReadError::NoKind)?;
    let came = String::from_utf8_lossy(value).into_owned();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if came.len() <= KIND_AT_MOST && came.bytes().all(fits) {
        Ok(came)
    } else {
        Err(ReadError::BadKind { header, came: wire::cut(came, KIND_AT_MOST) })
    }
}

/// The delivery's own id, new for each attempt to deliver again (`services/webhook/deliver.go`).
pub fn delivery(headers: &HeaderMap) -> Option<String> {
    ["x-gitea-delivery", "x-gogs-delivery", "x-github-delivery"]
        .into_iter()
        .filter_map(|name| headers.get(name)?.to_str().ok())
        .map(str::trim)
        .find(|id| !id.is_empty())
        .map(str::to_owned)
}

/// The JSON of the event: the body, or in form mode its field `payload`, over which Gitea makes the
/// signature then (`services/webhook/deliver.go`). `None` if a form lacks it.
pub fn payload<'r>(request: &Request<'r>) -> Option<Cow<'r, [u8]>> {
    let kind = request.headers.get(header::CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    if !kind.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
        return Some(Cow::Borrowed(request.body));
    }
    url::form_urlencoded::parse(request.body)
        .find(|(name, _)| name == "payload")
        .map(|(_, value)| Cow::Owned(value.into_owned().into_bytes()))
}

/// What a webhook becomes.
///
/// # Errors
/// If it is not one of Gitea's.
pub fn arrival(request: &Request<'_>) -> Result<Arrival, ReadError> {
    let body = payload(request).ok_or(ReadError::NoPayload)?.into_owned();
    let kind = kind(request.headers)?;
    let Event { source_key, object, .. } = read(&kind, &body)?;
    let delivery = delivery(request.headers).filter(|id| id.len() <= DELIVERY_AT_MOST);
    Ok(Arrival { source: Source::Gitea, told: Told::AtOnce, delivery, kind, source_key, object, body })
}

/// Reads the body of an event whose [`kind`] is known: the JSON itself, in form mode the value of
/// `payload`. Kinds of older releases and those of `X-Gitea-Event` are understood too.
///
/// # Errors
/// If the body is not JSON, or is not what Gitea sends for this kind.
pub fn read(kind: &str, body: &[u8]) -> Result<Event, ReadError> {
    match kind {
        "push" => refs::push(body),
        "create" => refs::create(body),
        "delete" => refs::delete(body),
        "issues" | "issue_assign" | "issue_label" | "issue_milestone" => issues::issue(kind, body),
        "pull_request_comment" if is_review(body) => pulls::review(kind, body),
        "issue_comment" | "pull_request_comment" => issues::comment(kind, body),
        "pull_request"
        | "pull_request_assign"
        | "pull_request_label"
        | "pull_request_milestone"
        | "pull_request_review_request"
        | "pull_request_sync" => pulls::pull_request(kind, body),
        "pull_request_approved"
        | "pull_request_rejected"
        | "pull_request_review"
        | "pull_request_review_approved"
        | "pull_request_review_comment"
        | "pull_request_review_rejected" => pulls::review(kind, body),
        "release" => repositories::release(body),
        "repository" => repositories::repository(body),
        "fork" => repositories::fork(body),
        "wiki" => repositories::wiki(body),
        "package" => repositories::package(body),
        "status" => checks::status(body),
        "workflow_run" => checks::run(body),
        "workflow_job" => checks::job(body),
        _ => unknown::event(kind, body),
    }
}

/// Whether the body is a review's. `pull_request_comment` is the exact kind of a comment, but also what
/// `X-Gitea-Event` says of a review that neither approves nor rejects.
fn is_review(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Shape {
        comment: Option<IgnoredAny>,
        review: Option<IgnoredAny>,
    }
    serde_json::from_slice::<Shape>(body).is_ok_and(|shape| shape.comment.is_none() && shape.review.is_some())
}
