//! What Gitea's payloads have in common. Invariant: what leaves here is within [`super::super::bounds`].

use std::collections::BTreeMap;

use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use url::Url;

use super::ReadError;
use crate::intake::bounds::bounded;
pub(super) use crate::intake::bounds::{cut, digest, line, link, list, name, names, nullable, prose, time};
use crate::{
    event::{Event, Severity, Source, Told},
    subject::{Person, Subject},
};

/// A repository (`modules/structs/repo.go`).
#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
pub(super) struct Repository {
    full_name: String,
    html_url: Option<String>,
}

impl Repository {
    /// `owner/name`.
    pub(super) fn name(&self) -> String {
        name(self.full_name.clone())
    }

    /// Where it can be seen.
    pub(super) fn url(&self) -> Option<String> {
        link(self.html_url.as_deref())
    }

    /// Where one of its pages can be seen.
    pub(super) fn page<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Option<String> {
        let mut url = Url::parse(&self.url()?).ok()?;
        url.path_segments_mut().ok()?.pop_if_empty().extend(path);
        link(Some(url.as_str()))
    }
}

/// An account (`modules/structs/user.go`).
#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
pub(super) struct User {
    #[serde(default, deserialize_with = "nullable")]
    login: String,
    /// Older releases say this instead of `login`.
    #[serde(default, deserialize_with = "nullable")]
    username: String,
    html_url: Option<String>,
    avatar_url: Option<String>,
}

impl User {
    /// The name of the account.
    pub(super) fn name(self) -> Option<String> {
        [self.login, self.username].into_iter().find(|name| !name.is_empty()).map(name)
    }

    /// The account as a person.
    pub(super) fn person(self) -> Option<Person> {
        let (url, avatar) = (link(self.html_url.as_deref()), link(self.avatar_url.as_deref()));
        Some(Person { name: self.name()?, url, avatar })
    }
}

/// A thing that is only named: a label, a file of a release.
#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
pub(super) struct Named {
    /// Its name.
    #[serde(default, deserialize_with = "nullable")]
    pub(super) name: String,
    /// Where it can be fetched, if it is a file.
    pub(super) browser_download_url: Option<String>,
}

/// A thing with a title: a milestone.
#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
pub(super) struct Titled {
    /// Its title.
    #[serde(default, deserialize_with = "nullable")]
    pub(super) title: String,
}

/// What says that an event is this one, and what it belongs to; the fields are those of [`Event`].
pub(super) struct Identity {
    pub(super) object: String,
    pub(super) source_key: String,
    pub(super) incident: Option<String>,
}

impl Identity {
    /// That of an event whose object has a life.
    pub(super) fn of(object: String, action: &str, body: &[u8]) -> Self {
        let source_key = format!("{object} {action} {}", digest(body));
        Self { incident: Some(object.clone()), source_key, object }
    }

    /// That of an event that stands alone.
    pub(super) fn alone(object: String, action: &str, body: &[u8]) -> Self {
        Self { incident: None, ..Self::of(object, action, body) }
    }
}

/// An event of severity `info`, without labels and time.
pub(super) fn event(
    kind: &str,
    repository: Option<&Repository>,
    sender: Option<User>,
    identity: Identity,
    subject: Subject,
) -> Event {
    Event {
        told: Told::AtOnce,
        source: Source::Gitea,
        kind: kind.to_owned(),
        source_key: bounded(identity.source_key),
        object: bounded(identity.object),
        incident: identity.incident.map(bounded),
        repository: repository.map(Repository::name),
        repository_url: repository.and_then(Repository::url),
        service: None,
        severity: Severity::Info,
        labels: BTreeMap::new(),
        actor: sender.and_then(User::person),
        at: None,
        subject,
    }
}

/// Reads a payload, which is an object: serde would take a list too, by position.
pub(super) fn parse<T: DeserializeOwned>(kind: &str, body: &[u8]) -> Result<T, ReadError> {
    let Some(came) = crate::intake::json::other_than_object(body) else {
        return serde_json::from_slice(body).map_err(|error| ReadError::of(kind, &error));
    };
    // What is no JSON at all is said first.
    serde_json::from_slice::<IgnoredAny>(body).map_err(|error| ReadError::of(kind, &error))?;
    Err(ReadError::NotGitea {
        kind: kind.to_owned(),
        what: format!("expected a JSON object, but it is {came}"),
    })
}

/// A commit, unless it is the one of zeros that says "none".
pub(super) fn commit(id: String) -> Option<String> {
    (!id.bytes().all(|digit| digit == b'0')).then(|| name(id))
}

/// Labels of an event, without those that say nothing.
pub(super) fn labels<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    pairs
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key.to_owned(), name(value.to_owned())))
        .collect()
}
