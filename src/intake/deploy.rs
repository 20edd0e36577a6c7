//! Reads the deployer's reports. The body is Vigie's own.
//!
//! Invariants:
//! - an unknown key or state is refused, so that a typing error is seen;
//! - a deployment is one incident; each of its states is told once (`object` and `incident`: the deployment;
//!   `source_key`: deployment and state), so that the deployer may repeat whatever it has no answer for;
//! - states that come in the wrong order are put in order by `at`, which is why it must be there;
//! - of a long log the newest lines are kept, and how many came before is said.

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::Deserialize;

use super::{bounds, fields, hooks::Request, json};
use crate::{
    event::{Event, Severity, Source, Told},
    store::Arrival,
    subject::{Deployment, DeploymentState, Subject},
};

const KIND: &str = "deployment";
/// The longest name of a deployment or a machine, in characters.
const NAME_AT_MOST: usize = fields::NAME_AT_MOST;
/// How many lines of the log are kept.
const LINES_AT_MOST: usize = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a JSON object")]
struct Body {
    deployment: String,
    target: String,
    commit: Option<String>,
    state: DeploymentState,
    generation: Option<u64>,
    reason: Option<String>,
    log: Option<Vec<String>>,
    url: Option<String>,
    at: String,
}

/// What a report becomes.
///
/// # Errors
/// If the body is not as documented.
pub fn arrival(request: &Request<'_>) -> Result<Arrival, String> {
    let Event { kind, source_key, object, .. } = read(request.body)?;
    let (delivery, body) = (Some(source_key.clone()), request.body.to_vec());
    Ok(Arrival { source: Source::Deploy, told: Told::AtOnce, delivery, kind, source_key, object, body })
}

/// Reads a report.
///
/// # Errors
/// If it is not as documented.
pub fn read(body: &[u8]) -> Result<Event, String> {
    let body: Body = json::read("a deployment's report", body)?;
    fields::fits("deployment", &body.deployment, NAME_AT_MOST)?;
    fields::fits("target", &body.target, NAME_AT_MOST)?;
    let commit = commit(body.commit)?;
    let url = fields::followed("url", body.url.as_deref())?;
    let at = time(&body.at)?;
    let state = word(body.state);
    let failed = matches!(body.state, DeploymentState::RolledBack | DeploymentState::Failed);
    let labels = [("target", body.target.as_str()), ("state", state)];
    Ok(Event {
        source: Source::Deploy,
        told: Told::AtOnce,
        kind: KIND.to_owned(),
        source_key: format!("{} {state}", body.deployment),
        object: body.deployment.clone(),
        incident: Some(body.deployment.clone()),
        repository: None,
        repository_url: None,
        service: None,
        severity: if failed { Severity::Warning } else { Severity::Info },
        labels: labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        actor: None,
        at: Some(at),
        subject: Subject::Deployment(Deployment {
            deployment: body.deployment,
            target: body.target,
            commit,
            state: body.state,
            generation: body.generation,
            reason: bounds::prose(body.reason.unwrap_or_default()),
            log: newest(body.log.unwrap_or_default()),
            url,
        }),
    })
}

/// The state as the body writes it.
const fn word(state: DeploymentState) -> &'static str {
    match state {
        DeploymentState::Planned => "planned",
        DeploymentState::Building => "building",
        DeploymentState::Switching => "switching",
        DeploymentState::Checking => "checking",
        DeploymentState::Live => "live",
        DeploymentState::RolledBack => "rolled_back",
        DeploymentState::Failed => "failed",
    }
}

fn commit(text: Option<String>) -> Result<Option<String>, String> {
    let is_hash = |text: &str| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match text {
        Some(text) if !is_hash(&text) => {
            let came = bounds::cut(text, 60);
            Err(format!("expected 'commit' to be a whole hash of 40 hexadecimal digits, but it is '{came}'"))
        }
        hash => Ok(hash.map(|hash| hash.to_ascii_lowercase())),
    }
}

fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| {
        let came = bounds::cut(text.to_owned(), 60);
        format!("expected 'at' to be a time with its zone, such as 2026-11-21T10:00:00Z, but it is '{came}'")
    })
}

/// The newest lines, after one that says how many came before.
fn newest(mut lines: Vec<String>) -> Vec<String> {
    let earlier = lines.len().checked_sub(LINES_AT_MOST - 1).filter(|earlier| *earlier > 1);
    if let Some(earlier) = earlier {
        lines.drain(..earlier - 1);
        lines[0] = format!("… {earlier} earlier lines");
    }
    lines.into_iter().map(bounds::line).collect()
}
