//! What is known of each repository, so that a listing asks only for what is new. Invariants: it is stored after
//! what it says was told is stored, so a crash makes Vigie ask again, never forget; a pipeline stays known until it
//! has ended and no listing can find it again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    backends::woodpecker as wire,
    store::{Store, StoreError, meta},
};

/// How many seconds before the newest known pipeline a listing begins: `after` is exclusive and counts whole
/// seconds, and pipelines that are made together need not appear together.
const OVERLAP: i64 = 60;

/// How many seconds before the last listing a repository that is new to Vigie is looked at.
const NEWCOMER: i64 = 600;

/// What is known of one Woodpecker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    /// When the repositories were last listed, by Vigie's clock; `None`: never.
    listed: Option<Timestamp>,
    pub(super) repositories: BTreeMap<i64, Repository>,
    /// Since when it can't be reached, if the team was told so.
    #[serde(default)]
    pub(super) complained: Option<Timestamp>,
}

/// What is known of one repository.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Repository {
    pub(super) name: String,
    pub(super) url: String,
    /// Until when its pipelines were listed, by the newest one's time; in seconds since the Unix epoch.
    newest: i64,
    pipelines: BTreeMap<u64, Known>,
}

/// What is known of one pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Known {
    created: i64,
    status: String,
    /// Its logs are still waited for.
    #[serde(default)]
    log_due: bool,
}

/// How far a pipeline has come, by its status.
fn stage(word: &str) -> u8 {
    match word {
        "created" => 0,
        "pending" | "blocked" => 1,
        "success" | "failure" | "error" | "killed" | "canceled" | "declined" | "skipped" => 3,
        _ => 2,
    }
}

impl Seen {
    fn key(base: &Url) -> String {
        format!("woodpecker {base}")
    }

    /// What was stored of the Woodpecker at `base`.
    pub(super) async fn load(store: &Store, base: &Url) -> Result<Self, StoreError> {
        let key = Self::key(base);
        let stored = store.read(move |conn| meta::get(conn, &key)).await?;
        let Some(text) = stored else { return Ok(Self::default()) };
        let mut seen: Self = serde_json::from_str(&text).unwrap_or_else(|error| {
            tracing::error!(source = "woodpecker", %error, "what was known of Woodpecker can't be read; it is learnt anew");
            Self::default()
        });
        for known in seen.repositories.values_mut().flat_map(|one| one.pipelines.values_mut()) {
            if std::mem::take(&mut known.log_due) {
                // It is taken anew, and its logs with it.
                "running".clone_into(&mut known.status);
            }
        }
        Ok(seen)
    }

    /// Stores it.
    pub(super) async fn save(&self, store: &Store, base: &Url) -> Result<(), StoreError> {
        let key = Self::key(base);
        // Numbers as keys of maps become texts, so this always makes JSON.
        let text = serde_json::to_string(self).unwrap_or_default();
        store.write(move |conn| meta::set(conn, &key, &text)).await
    }

    /// Whether nothing was ever learnt.
    pub(super) fn is_new(&self) -> bool {
        self.listed.is_none()
    }

    /// Takes up a repository; whether it was unknown.
    pub(super) fn meet(&mut self, repository: &wire::Repository, now: Timestamp) -> bool {
        let since = self.listed.unwrap_or(now).as_second() - NEWCOMER;
        let is_new = !self.repositories.contains_key(&repository.id);
        let known = self.repositories.entry(repository.id).or_insert_with(|| Repository {
            name: String::new(),
            url: String::new(),
            newest: since,
            pipelines: BTreeMap::new(),
        });
        repository.full_name.clone_into(&mut known.name);
        repository.forge_url.clone_into(&mut known.url);
        is_new
    }

    /// Says that all repositories were listed.
    pub(super) fn listed(&mut self, at: Timestamp) {
        self.listed = Some(at);
    }

    /// Whether this state of the pipeline is news.
    pub(super) fn is_news(&self, repository: i64, pipeline: &wire::Pipeline) -> bool {
        let known = self.repositories.get(&repository).and_then(|one| one.pipelines.get(&pipeline.number));
        known.is_none_or(|known| {
            known.created != pipeline.created
                || (known.status != pipeline.status && stage(&known.status) <= stage(&pipeline.status))
        })
    }

    /// Says that this state of the pipeline was told.
    pub(super) fn told(&mut self, repository: i64, pipeline: &wire::Pipeline, logs: Logs) {
        if let Some(known) = self.repositories.get_mut(&repository) {
            let (created, status) = (pipeline.created, pipeline.status.clone());
            known
                .pipelines
                .insert(pipeline.number, Known { created, status, log_due: logs == Logs::Awaited });
        }
    }

    /// Says that the logs of the pipeline are not waited for any more.
    pub(super) fn logs_told(&mut self, repository: i64, number: u64) {
        let known = self.repositories.get_mut(&repository).and_then(|one| one.pipelines.get_mut(&number));
        if let Some(known) = known {
            known.log_due = false;
        }
    }
}

/// Whether logs of a pipeline are still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Logs {
    /// They are waited for.
    Awaited,
    /// There are none, or they were told.
    Settled,
}

impl Repository {
    /// It as it stands on the wire.
    pub(super) fn wire(&self, id: i64) -> wire::Repository {
        wire::Repository { id, full_name: self.name.clone(), forge_url: self.url.clone() }
    }

    /// After when pipelines are asked for.
    pub(super) fn after(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.newest - OVERLAP).ok()
    }

    /// The pipelines that had not ended when they were last heard of.
    pub(super) fn unfinished(&self) -> Vec<u64> {
        self.pipelines
            .iter()
            .filter(|(_, known)| stage(&known.status) < 3)
            .map(|(number, _)| *number)
            .collect()
    }

    /// Says that everything until the newest of `pipelines` was listed, and forgets what no listing finds again.
    pub(super) fn caught_up<'p>(&mut self, pipelines: impl Iterator<Item = &'p wire::Pipeline>) {
        self.newest = pipelines.map(|one| one.created).chain([self.newest]).max().unwrap_or_default();
        let after = self.newest - OVERLAP;
        self.pipelines.retain(|_, known| known.created > after || stage(&known.status) < 3 || known.log_due);
    }

    /// Forgets a pipeline that is not there any more.
    pub(super) fn gone(&mut self, number: u64) {
        self.pipelines.remove(&number);
    }

    /// Takes what is there at the first meeting as known, but for what has not ended.
    pub(super) fn begin_with<'p>(&mut self, pipelines: impl Iterator<Item = &'p wire::Pipeline> + Clone) {
        // By Woodpecker's own clock, where it has said one.
        self.newest = pipelines.clone().map(|one| one.created).max().unwrap_or(self.newest);
        for pipeline in pipelines.filter(|one| stage(&one.status) == 3) {
            let (created, status) = (pipeline.created, pipeline.status.clone());
            self.pipelines.insert(pipeline.number, Known { created, status, log_due: false });
        }
    }
}
