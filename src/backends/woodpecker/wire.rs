//! What Woodpecker's answers hold, in both dialects: 2.8 calls the times `created_at`, `started_at`, `finished_at`,
//! and 3.x `created`, `started`, `finished` (`server/model/pipeline.go` at v2.8.3 and v3.17.0). Go writes an empty
//! list as null or leaves it out.

use serde::{Deserialize, Deserializer};

/// One message of the event stream (`server/model/event.go`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(expecting = "a JSON object")]
pub struct StreamEvent {
    /// Where it happened.
    pub repo: Repository,
    /// The pipeline as it is now.
    pub pipeline: Pipeline,
}

/// A repository (`server/model/repo.go`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(expecting = "a JSON object")]
pub struct Repository {
    /// Its number in this Woodpecker.
    pub id: i64,
    /// `owner/name`.
    pub full_name: String,
    /// Its page in the forge.
    #[serde(default, deserialize_with = "nullable")]
    pub forge_url: String,
}

/// A pipeline. Times are seconds since the Unix epoch; 0 is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(expecting = "a JSON object")]
pub struct Pipeline {
    /// Its number in the repository.
    pub number: u64,
    /// Where it stands (`server/model/const.go`).
    pub status: String,
    /// What started it.
    #[serde(default, deserialize_with = "nullable")]
    pub event: String,
    /// Who did.
    #[serde(default, deserialize_with = "nullable")]
    pub author: String,
    /// Their picture.
    #[serde(default, deserialize_with = "nullable")]
    pub author_avatar: String,
    /// Its branch; of a pull request the one that it goes to.
    #[serde(default, deserialize_with = "nullable")]
    pub branch: String,
    /// Its ref (`refs/heads/main`, `refs/tags/v1`, `refs/pull/7/head`).
    #[serde(default, rename = "ref", deserialize_with = "nullable")]
    pub git_ref: String,
    /// Its commit.
    #[serde(default, deserialize_with = "nullable")]
    pub commit: String,
    /// The title of the pull request.
    #[serde(default, deserialize_with = "nullable")]
    pub title: String,
    /// The message of the commit.
    #[serde(default, deserialize_with = "nullable")]
    pub message: String,
    /// The commit or pull request in the forge.
    #[serde(default, deserialize_with = "nullable")]
    pub forge_url: String,
    /// The name of the cron job (3.x; in 2.8 it is the sender).
    #[serde(default, deserialize_with = "nullable")]
    pub cron: String,
    /// Who caused it, or the name of the cron job.
    #[serde(default, deserialize_with = "nullable")]
    pub sender: String,
    /// Where a deployment goes.
    #[serde(default, deserialize_with = "nullable")]
    pub deploy_to: String,
    /// What is wrong with it as a whole, and warnings.
    #[serde(default, deserialize_with = "nullable")]
    pub errors: Vec<PipelineError>,
    /// When it was made.
    #[serde(default, alias = "created_at", deserialize_with = "nullable")]
    pub created: i64,
    /// When it began.
    #[serde(default, alias = "started_at", deserialize_with = "nullable")]
    pub started: i64,
    /// When it ended.
    #[serde(default, alias = "finished_at", deserialize_with = "nullable")]
    pub finished: i64,
    /// Its workflows; lists leave them out.
    #[serde(default, deserialize_with = "nullable")]
    pub workflows: Vec<Workflow>,
}

/// What is wrong with a pipeline as a whole (`pipeline/errors`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(expecting = "a JSON object")]
pub struct PipelineError {
    /// In Woodpecker's words.
    #[serde(default, deserialize_with = "nullable")]
    pub message: String,
    /// Whether it runs all the same.
    #[serde(default, deserialize_with = "nullable")]
    pub is_warning: bool,
}

/// A workflow (`server/model/workflow.go`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(expecting = "a JSON object")]
pub struct Workflow {
    /// Its name.
    #[serde(default, deserialize_with = "nullable")]
    pub name: String,
    /// What kept it from running.
    #[serde(default, deserialize_with = "nullable")]
    pub error: String,
    /// Its steps.
    #[serde(default, deserialize_with = "nullable")]
    pub children: Vec<Step>,
}

/// A step (`server/model/step.go`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(expecting = "a JSON object")]
pub struct Step {
    /// Its number in this Woodpecker.
    pub id: i64,
    /// Its name.
    #[serde(default, deserialize_with = "nullable")]
    pub name: String,
    /// Where it stands, in the words of a pipeline.
    #[serde(default, deserialize_with = "nullable")]
    pub state: String,
    /// What Woodpecker says of it.
    #[serde(default, deserialize_with = "nullable")]
    pub error: String,
    /// What its program ended with.
    #[serde(default, deserialize_with = "nullable")]
    pub exit_code: i64,
}

/// One entry of a step's log (`server/model/log.go`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(expecting = "a JSON object")]
pub struct LogLine {
    /// Its place.
    #[serde(default, deserialize_with = "nullable")]
    pub line: i64,
    /// The text in base 64; null for an empty line.
    #[serde(default, deserialize_with = "nullable")]
    pub data: String,
    /// What it is.
    #[serde(default, rename = "type", deserialize_with = "nullable")]
    pub kind: LineKind,
}

/// What an entry of a log is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "i64")]
pub enum LineKind {
    /// The program wrote it, to either stream.
    #[default]
    Output,
    /// Anything else: an exit code, metadata, progress.
    Other,
}

impl From<i64> for LineKind {
    fn from(kind: i64) -> Self {
        if matches!(kind, 0 | 1) { Self::Output } else { Self::Other }
    }
}

fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
