//! Prometheus's HTTP API, as far as it is asked (`docs/querying/api.md`; stable since 2.0).

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::Deserialize;

use super::{AskError, Client, yaml};

/// How many points a series may have in one answer, well below the 11,000 that Prometheus gives and few enough for
/// hundreds of series in one answer.
const POINTS: i64 = 1_000;

/// A Prometheus.
#[derive(Clone)]
pub struct Prometheus(Client);

/// One series: its labels, and the moments at which it had a value, oldest first.
pub type Series = (BTreeMap<String, String>, Vec<Timestamp>);

#[derive(Deserialize)]
struct Answer<T> {
    data: T,
}

#[derive(Deserialize)]
struct Matrix {
    result: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    metric: BTreeMap<String, String>,
    #[serde(default)]
    values: Vec<(f64, String)>,
}

#[derive(Deserialize)]
struct Configuration {
    yaml: String,
}

impl Prometheus {
    /// The Prometheus that `client` talks to.
    pub const fn new(client: Client) -> Self {
        Self(client)
    }

    /// When `query` had a value, looked at every `step` from `start` to `end`.
    pub async fn moments(
        &self,
        query: &str,
        start: Timestamp,
        end: Timestamp,
        step: Duration,
    ) -> Result<Vec<Series>, AskError> {
        let mut all: BTreeMap<_, Vec<Timestamp>> = BTreeMap::new();
        let seconds = i64::try_from(step.as_secs()).unwrap_or(i64::MAX).max(1);
        let (mut from, end) = (start.as_second(), end.as_second());
        while from <= end {
            let to = end.min(from.saturating_add(seconds.saturating_mul(POINTS - 1)));
            let (since, until, step) = (from.to_string(), to.to_string(), seconds.to_string());
            let query = [("query", query), ("start", &since), ("end", &until), ("step", &step)];
            let answer: Answer<Matrix> = self.0.get("api/v1/query_range", &query).await?;
            for Row { metric, values } in answer.data.result {
                #[expect(clippy::cast_possible_truncation, reason = "whole seconds, as they were asked for")]
                let moments =
                    values.iter().filter_map(|(at, _)| Timestamp::from_second(at.round() as i64).ok());
                all.entry(metric).or_default().extend(moments);
            }
            from = to.saturating_add(seconds);
        }
        Ok(all.into_iter().collect())
    }

    /// The labels that it adds to each alert that it sends.
    pub async fn external_labels(&self) -> Result<BTreeMap<String, String>, AskError> {
        let path = "api/v1/status/config";
        let answer: Answer<Configuration> = self.0.get(path, &[]).await?;
        external_labels(&answer.data.yaml)
            .map_err(|reason| AskError::Unreadable { url: format!("{}{path}", self.0.base()), reason })
    }
}

fn external_labels(configuration: &str) -> Result<BTreeMap<String, String>, String> {
    let lines: Vec<_> = configuration.lines().collect();
    let global = yaml::below(&lines, 0, "global");
    yaml::below(&global, 2, "external_labels").into_iter().map(yaml::pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn external_labels_are_found_and_nothing_else() {
        let yaml = "global:\n  scrape_interval: 15s\n  external_labels:\n    cluster: home\n    replica: \"1\"\n  query_log_file: x\nscrape_configs:\n- job_name: a\n  external_labels:\n    no: no\n";
        let labels = external_labels(yaml).unwrap();
        let expected =
            [("cluster", "home"), ("replica", "1")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(labels, BTreeMap::from(expected));
        assert!(external_labels("global:\n  scrape_interval: 15s\n").unwrap().is_empty());
        assert!(external_labels("global:\n  external_labels:\n    a: |-\n      b\n").is_err());
    }
}
