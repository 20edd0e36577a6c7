//! Woodpecker's API (2.8 – 3.17, `server/router/api.go`): repositories, pipelines, logs of steps, and the stream
//! of events. Invariant: what it answers is read as long as its names and numbers are there; everything else may be
//! absent or null.

mod wire;

use std::path::Path;

use hyper::{StatusCode, body::Incoming};
use jiff::Timestamp;
use url::Url;

pub use self::wire::{LineKind, LogLine, Pipeline, PipelineError, Repository, Step, StreamEvent, Workflow};
use super::{AskError, Client, Credentials};
use crate::clock::Clock;

/// How many pipelines a page has at most (`server/router/middleware/session/pagination.go`).
pub const PAGE: usize = 50;

/// One Woodpecker.
#[derive(Clone)]
pub struct Woodpecker {
    client: Client,
    anonymous: bool,
}

impl Woodpecker {
    /// The Woodpecker at `base`, asked with the personal token that is in `token_file`.
    ///
    /// # Errors
    /// If certificate authorities are needed and can't be read.
    pub fn new(base: &Url, token_file: Option<&Path>, clock: Clock) -> Result<Self, AskError> {
        let credentials = token_file.map_or(Credentials::None, |file| Credentials::Bearer(file.to_owned()));
        Ok(Self { client: Client::new(base, credentials, clock)?, anonymous: token_file.is_none() })
    }

    /// The active repositories that the token's owner may push to; none without a token.
    pub async fn repositories(&self) -> Result<Vec<Repository>, AskError> {
        if self.anonymous {
            return Ok(Vec::new());
        }
        let all: Option<_> = self.client.get("api/user/repos", &[]).await?;
        Ok(all.unwrap_or_default())
    }

    /// A page (from 1) of the pipelines of a repository that were created after a time, newest first, without their
    /// workflows.
    pub async fn pipelines(
        &self,
        repository: i64,
        after: Option<Timestamp>,
        page: u32,
    ) -> Result<Vec<Pipeline>, AskError> {
        let (page, size) = (page.to_string(), PAGE.to_string());
        let after = after.map(|after| after.to_string());
        let mut query = vec![("page", &*page), ("perPage", &*size)];
        query.extend(after.as_deref().map(|after| ("after", after)));
        let all: Option<_> = self.client.get(&format!("api/repos/{repository}/pipelines"), &query).await?;
        Ok(all.unwrap_or_default())
    }

    /// One pipeline with its workflows; `None` if there is no such pipeline any more.
    pub async fn pipeline(&self, repository: i64, number: u64) -> Result<Option<Pipeline>, AskError> {
        match self.client.get(&format!("api/repos/{repository}/pipelines/{number}"), &[]).await {
            Ok(pipeline) => Ok(Some(pipeline)),
            Err(AskError::Refused { status: StatusCode::NOT_FOUND, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What a step wrote, as far as it is there: it comes after the step's last state.
    pub async fn log(&self, repository: i64, pipeline: u64, step: i64) -> Result<Vec<LogLine>, AskError> {
        let lines: Option<_> =
            self.client.get(&format!("api/repos/{repository}/logs/{pipeline}/{step}"), &[]).await?;
        Ok(lines.unwrap_or_default())
    }

    /// The stream of events (SSE): a comment every 30 s, and whatever happens to pipelines of the repositories that
    /// are known when it begins. It has no ids and repeats nothing (`server/api/stream.go`). It begins whatever the
    /// token: with a bad one it tells of public repositories only.
    pub async fn events(&self) -> Result<Incoming, AskError> {
        self.client.stream("api/stream/events").await
    }

    /// The page of a pipeline (`web/src/router.ts`).
    pub fn page(&self, repository: i64, number: u64) -> Option<Url> {
        self.client.base().join(&format!("repos/{repository}/pipeline/{number}")).ok()
    }
}
