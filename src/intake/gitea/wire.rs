//! What Gitea's payloads have in common, and the bounds of what is kept of them. Invariant: an address
//! that leaves here is an absolute `http` or `https` one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny},
};
use sha2::{Digest, Sha256};
use url::Url;

use super::ReadError;
use crate::{
    event::{Event, Severity, Source, Told},
    subject::{Person, Subject},
};

/// What is kept of a description, a comment or notes, in characters: more than an embed can show (4096).
const BODY_AT_MOST: usize = 6000;
/// What is kept of one line: a title, a description of a status.
const LINE_AT_MOST: usize = 500;
/// What is kept of a name: a person, a branch, a label.
const NAME_AT_MOST: usize = 200;
/// What is kept of a key; what is longer ends with its digest instead.
const KEY_AT_MOST: usize = 500;
/// How many entries of a list are kept.
const LIST_AT_MOST: usize = 50;
/// The longest address that is kept, in bytes: Discord takes 2048 characters in an embed.
const LINK_AT_MOST: usize = 2048;

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
    let came = match body.trim_ascii_start().first() {
        Some(b'[') => "a list",
        Some(b'"') => "a text",
        Some(b'n') => "null",
        Some(b't' | b'f') => "true or false",
        Some(b'-' | b'0'..=b'9') => "a number",
        _ => return serde_json::from_slice(body).map_err(|error| ReadError::of(kind, &error)),
    };
    // What is no JSON at all is said first.
    serde_json::from_slice::<IgnoredAny>(body).map_err(|error| ReadError::of(kind, &error))?;
    Err(ReadError::NotGitea {
        kind: kind.to_owned(),
        what: format!("expected a JSON object, but it is {came}"),
    })
}

/// Takes `null` for the type's own default.
pub(super) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Takes `null` for an empty list, and leaves out entries that are `null`.
pub(super) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let entries: Option<Vec<Option<T>>> = Option::deserialize(deserializer)?;
    Ok(entries.unwrap_or_default().into_iter().flatten().collect())
}

/// The first `at_most` characters, the last of them an ellipsis if there were more.
pub(super) fn cut(mut text: String, at_most: usize) -> String {
    if text.char_indices().nth(at_most).is_some() {
        let end = text.char_indices().nth(at_most - 1).map_or(0, |(end, _)| end);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// A text of many lines, bounded.
pub(super) fn prose(text: String) -> String {
    cut(text, BODY_AT_MOST)
}

/// A text of one line, bounded.
pub(super) fn line(text: String) -> String {
    cut(text, LINE_AT_MOST)
}

/// A name, bounded.
pub(super) fn name(text: String) -> String {
    cut(text, NAME_AT_MOST)
}

/// Names, bounded in length and number.
pub(super) fn names(all: impl IntoIterator<Item = String>) -> Vec<String> {
    all.into_iter().take(LIST_AT_MOST).map(name).collect()
}

/// An address, if it is one that a reader can follow.
pub(super) fn link(text: Option<&str>) -> Option<String> {
    let url = Url::parse(text.filter(|text| text.len() <= LINK_AT_MOST)?).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.as_str().len() <= LINK_AT_MOST).then(|| url.into())
}

/// A commit, unless it is the one of zeros that says "none".
pub(super) fn commit(id: String) -> Option<String> {
    (!id.bytes().all(|digit| digit == b'0')).then(|| name(id))
}

/// A time, unless it is none or Go's zero time, in year 1.
pub(super) fn time(text: Option<&str>) -> Option<Timestamp> {
    text?.parse().ok().filter(|time| *time > Timestamp::UNIX_EPOCH)
}

/// Labels of an event, without those that say nothing.
pub(super) fn labels<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    pairs
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key.to_owned(), name(value.to_owned())))
        .collect()
}

/// The first 8 bytes of a SHA-256, in hexadecimal.
pub(super) fn digest(bytes: &[u8]) -> String {
    let start =
        Sha256::digest(bytes).iter().take(8).fold(0, |start: u64, byte| start << 8 | u64::from(*byte));
    format!("{start:016x}")
}

/// A key, or its start and its digest where it is too long.
fn bounded(key: String) -> String {
    if key.len() <= KEY_AT_MOST {
        return key;
    }
    let digest = digest(key.as_bytes());
    format!("{} {digest}", cut(key, KEY_AT_MOST / 4))
}
