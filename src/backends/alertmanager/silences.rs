//! Silences. Invariants: a silence that is made matches exactly these labels, and is found again by its matchers
//! and the mark in its comment; one that is gone already counts as ended.

use std::collections::BTreeMap;

use hyper::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::backends::{AskError, Client};

/// Alertmanager's silences.
#[derive(Clone)]
pub struct Silences(Client);

/// A silence that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'d> {
    /// The labels of the alert.
    pub labels: &'d BTreeMap<String, String>,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Who makes it.
    pub by: &'d str,
    /// Why; begins with the mark by which it is found again.
    pub comment: &'d str,
}

/// A silence that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub id: String,
    /// When it ends.
    pub until: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Matcher {
    name: String,
    value: String,
    is_regex: bool,
    /// Absent means true.
    #[serde(default = "equal")]
    is_equal: bool,
}

const fn equal() -> bool {
    true
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Postable<'d> {
    matchers: Vec<Matcher>,
    starts_at: Timestamp,
    ends_at: Timestamp,
    created_by: &'d str,
    comment: &'d str,
}

#[derive(Deserialize)]
struct Posted {
    #[serde(rename = "silenceID")]
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Gettable {
    id: String,
    status: Status,
    ends_at: Timestamp,
    #[serde(default)]
    comment: String,
    #[serde(default)]
    matchers: Vec<Matcher>,
}

/// `expired`, `active` or `pending`.
#[derive(Deserialize)]
struct Status {
    state: String,
}

impl Gettable {
    fn is_over(&self) -> bool {
        self.status.state == "expired"
    }
}

impl Silences {
    /// The silences of the Alertmanager that `client` asks.
    pub const fn new(client: Client) -> Self {
        Self(client)
    }

    /// The silence of exactly these labels that is not over and whose comment has this mark. Without labels:
    /// of any.
    ///
    /// # Errors
    /// If Alertmanager can't be asked.
    pub async fn find(
        &self,
        labels: &BTreeMap<String, String>,
        mark: &str,
    ) -> Result<Option<Found>, AskError> {
        let wanted = exactly(labels);
        // One label that each alert of Prometheus has keeps the answer short; the rest is compared here.
        let filter = labels.get("alertname").map(|name| {
            let name = name.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n");
            format!("alertname=\"{name}\"")
        });
        let query: Vec<_> = filter.iter().map(|filter| ("filter", filter.as_str())).collect();
        let silences: Vec<Gettable> = self.0.get("api/v2/silences", &query).await?;
        let ours = |silence: &Gettable| {
            let mut matchers = silence.matchers.clone();
            matchers.sort();
            let marked = silence.comment.split_whitespace().any(|word| word == mark);
            !silence.is_over() && marked && (wanted.is_empty() || matchers == wanted)
        };
        let found = silences.into_iter().find(ours);
        Ok(found.map(|silence| Found { id: silence.id, until: silence.ends_at }))
    }

    /// Makes a silence and answers with its id.
    ///
    /// # Errors
    /// If Alertmanager can't be asked or refuses it.
    pub async fn create(&self, draft: Draft<'_>) -> Result<String, AskError> {
        let Draft { labels, from, until, by, comment } = draft;
        let body =
            Postable { matchers: exactly(labels), starts_at: from, ends_at: until, created_by: by, comment };
        let posted: Posted = self.0.post("api/v2/silences", &body).await?;
        Ok(posted.id)
    }

    /// Whether the silence `id` is over, or unknown.
    ///
    /// # Errors
    /// If Alertmanager can't be asked.
    pub async fn is_over(&self, id: &str) -> Result<bool, AskError> {
        match self.0.get::<Gettable>(&format!("api/v2/silence/{id}"), &[]).await {
            Ok(silence) => Ok(silence.is_over()),
            Err(AskError::Refused { status: StatusCode::NOT_FOUND, .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Ends the silence `id`, which is not over: Alertmanager refuses to end one twice.
    ///
    /// # Errors
    /// If Alertmanager can't be asked or refuses.
    pub async fn expire(&self, id: &str) -> Result<(), AskError> {
        self.0.delete(&format!("api/v2/silence/{id}")).await
    }
}

/// The matchers of exactly these labels, sorted. An empty value is the same as no label, and makes no matcher.
fn exactly(labels: &BTreeMap<String, String>) -> Vec<Matcher> {
    let labels = labels.iter().filter(|(_, value)| !value.is_empty());
    labels
        .map(|(name, value)| Matcher {
            name: name.clone(),
            value: value.clone(),
            is_regex: false,
            is_equal: true,
        })
        .collect()
}
