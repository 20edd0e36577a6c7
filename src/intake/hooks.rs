//! Which webhooks are taken, what each is proven by, and what becomes of it. Invariants: a hook without a
//! secret is not taken; what a webhook tells of several things becomes one arrival for each, so that each has
//! its own key against repeats.

#[cfg(test)]
mod tests;

use std::{borrow::Cow, collections::BTreeMap};

use hyper::{HeaderMap, header::HeaderName};

use super::{
    alertmanager, deploy, generic, gitea, grafana, kuma,
    proof::{Proof, Unproven},
};
use crate::{
    config::{GrafanaProof, Sources},
    event::Source,
    store::Arrival,
};

/// A webhook, read whole.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// Which of the generic ones it is; else empty.
    pub name: &'r str,
    /// Its headers.
    pub headers: &'r HeaderMap,
    /// Its query, in Kuma's GET mode.
    pub query: Option<&'r str>,
    /// Its body.
    pub body: &'r [u8],
}

/// One hook.
#[derive(Clone, Debug)]
pub struct Hook {
    source: Source,
    section: String,
    proof: Proof,
}

/// All hooks that are taken.
#[derive(Clone, Debug, Default)]
pub struct Hooks(BTreeMap<(Source, String), Hook>);

/// The section of the configuration that sets the hook up.
pub fn section(source: Source, name: &str) -> String {
    if name.is_empty() { format!("sources.{source}") } else { format!("sources.{source}.{name}") }
}

impl Hooks {
    /// The hooks that the configuration sets up.
    pub fn of(sources: &Sources) -> Self {
        let mut hooks = Self::default();
        if let Some(gitea) = &sources.gitea {
            let header = HeaderName::from_static("x-gitea-signature");
            hooks.set_up(Source::Gitea, "", Proof::hmac(gitea.secret.clone(), header));
        }
        if let Some(alertmanager) = &sources.alertmanager {
            hooks.set_up(Source::Alertmanager, "", Proof::Bearer(alertmanager.token.clone()));
        }
        if let Some(grafana) = &sources.grafana {
            let proof = match &grafana.proof {
                GrafanaProof::Token(token) => Proof::Bearer(token.clone()),
                GrafanaProof::Key { secret, timestamp_header } => {
                    grafana::signature(secret.clone(), timestamp_header.clone())
                }
            };
            hooks.set_up(Source::Grafana, "", proof);
        }
        if let Some(kuma) = &sources.kuma {
            hooks.set_up(Source::Kuma, "", Proof::Bearer(kuma.token.clone()));
        }
        if let Some(key) = &sources.deploy {
            let header = HeaderName::from_static("x-vigie-signature");
            let proof = Proof::Hmac { key: key.clone(), header, prefix: "sha256=", timestamp: None };
            hooks.set_up(Source::Deploy, "", proof);
        }
        for (name, token) in &sources.generic {
            hooks.set_up(Source::Generic, name, Proof::Bearer(token.clone()));
        }
        hooks
    }

    /// Takes the hook `name` of `source` from now on, if `proof` holds.
    pub fn set_up(&mut self, source: Source, name: &str, proof: Proof) {
        let hook = Hook { source, section: section(source, name), proof };
        self.0.insert((source, name.to_owned()), hook);
    }

    /// The hook `name` of `source`, if it is taken.
    pub fn find(&self, source: Source, name: &str) -> Option<&Hook> {
        self.0.get(&(source, name.to_owned()))
    }
}

impl Hook {
    /// Whether the webhook comes from its source.
    ///
    /// # Errors
    /// If that is not proven.
    pub fn prove(&self, request: &Request<'_>) -> Result<(), Unproven> {
        let signed = match self.source {
            Source::Gitea => gitea::payload(request).unwrap_or(Cow::Borrowed(request.body)),
            _ => Cow::Borrowed(request.body),
        };
        self.proof.check(request.headers, &signed, &self.section)
    }

    /// What the webhook tells, ready to be stored.
    ///
    /// # Errors
    /// If it is not what this source sends: what was expected and what came.
    pub fn arrivals(&self, request: &Request<'_>) -> Result<Vec<Arrival>, String> {
        match self.source {
            Source::Gitea => Ok(vec![gitea::arrival(request).map_err(|error| error.to_string())?]),
            Source::Alertmanager => alertmanager::arrivals(request.body),
            Source::Grafana => grafana::arrivals(request.body),
            Source::Kuma => Ok(vec![kuma::arrival(request)?]),
            Source::Deploy => Ok(vec![deploy::arrival(request)?]),
            Source::Generic => Ok(vec![generic::arrival(request)?]),
            other => Err(format!("{other} sends no webhooks")),
        }
    }
}
