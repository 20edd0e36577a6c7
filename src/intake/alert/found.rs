//! An alert that was found by asking. Invariant: it becomes the arrival that a webhook of the same alert becomes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{instant, mistake};
use crate::{intake::bounds::nullable, subject::Firing};

/// An alert that was found by asking, not told by a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Whether it fires.
    pub state: Firing,
    /// All its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations, if they are known.
    pub annotations: BTreeMap<String, String>,
    /// Since when it fires.
    pub starts_at: Option<Timestamp>,
    /// When it ended, if it did.
    pub ends_at: Option<Timestamp>,
    /// Its expression or rule at the source.
    pub generator_url: Option<String>,
    /// Where people find the program that was asked.
    pub external_url: Option<String>,
    /// The silences, inhibitions and muting times that keep it quiet.
    pub suppressed_by: Vec<String>,
}

/// What is known since an alert was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// It ended, at this time or before.
    Ended(Timestamp),
    /// This keeps it quiet, or nothing does any more.
    Quiet(Vec<String>),
}

impl Found {
    /// One entry of what `GET /api/v2/alerts` answers, which tells what fires only (`gettableAlert` in
    /// `api/v2/openapi.yaml` of Alertmanager 0.25 to 0.34; `mutedBy` came with 0.28). `external_url` is where
    /// people find the program.
    ///
    /// # Errors
    /// If it is something else.
    pub fn of_api(entry: &Value, external_url: Option<&str>) -> Result<Self, String> {
        #[derive(Default, Deserialize)]
        #[serde(default, expecting = "a JSON object")]
        struct Status {
            #[serde(rename = "silencedBy")]
            silences: Option<Vec<String>>,
            #[serde(rename = "inhibitedBy")]
            inhibitions: Option<Vec<String>>,
            #[serde(rename = "mutedBy")]
            times: Option<Vec<String>>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", expecting = "a JSON object")]
        struct Entry {
            labels: BTreeMap<String, String>,
            #[serde(default, deserialize_with = "nullable")]
            annotations: BTreeMap<String, String>,
            starts_at: Option<String>,
            #[serde(rename = "generatorURL")]
            generator_url: Option<String>,
            #[serde(default, deserialize_with = "nullable")]
            status: Status,
        }
        let Entry { labels, annotations, starts_at, generator_url, status } = Entry::deserialize(entry)
            .map_err(|error| {
                format!("expected an alert of Alertmanager's API, but it is other JSON: {}", mistake(&error))
            })?;
        let suppressed_by = [status.silences, status.inhibitions, status.times];
        Ok(Self {
            state: Firing::Firing,
            labels,
            annotations,
            starts_at: instant(starts_at.as_deref()),
            ends_at: None,
            generator_url,
            external_url: external_url.map(str::to_owned),
            suppressed_by: suppressed_by.into_iter().flatten().flatten().collect(),
        })
    }
}
