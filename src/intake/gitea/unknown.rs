//! Kinds that a later Gitea may send. Invariant: any JSON object is taken, and what it says in the usual
//! fields is told.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{
    ReadError,
    wire::{self, Identity, Repository, User},
};
use crate::{
    event::Event,
    subject::{Generic, Subject},
};

/// An event of any kind. Its title is the kind and the action; its text and address are those of the
/// object that the body holds under the kind's name, if it holds one.
pub(super) fn event(kind: &str, body: &[u8]) -> Result<Event, ReadError> {
    let mut payload: Map<String, Value> = wire::parse(kind, body)?;
    let repository: Option<Repository> = take(&mut payload, "repository");
    let sender: Option<User> = take(&mut payload, "sender");
    let action: String = take(&mut payload, "action").unwrap_or_default();
    let mut thing: Map<String, Value> = take(&mut payload, kind).unwrap_or_default();
    let text = ["title", "name"].into_iter().find_map(|field| take(&mut thing, field));
    let url: Option<String> = take(&mut thing, "html_url");

    let spoken = kind.replace(['_', '-'], " ");
    let title = if action.is_empty() { spoken } else { format!("{spoken}: {action}") };
    let object = match &repository {
        Some(repository) => format!("{} {kind}", repository.name()),
        None => kind.to_owned(),
    };
    let labels = wire::labels([("action", action.as_str())]);
    let identity = Identity::alone(object, &action, body);
    let subject = Subject::Generic(Generic {
        firing: None,
        title: wire::line(title),
        text: wire::line(text.unwrap_or_default()),
        url: wire::link(url.as_deref()),
    });
    Ok(Event { labels, ..wire::event(kind, repository.as_ref(), sender, identity, subject) })
}

/// A field, if it is there and of the type that is meant.
fn take<T: DeserializeOwned>(fields: &mut Map<String, Value>, name: &str) -> Option<T> {
    serde_json::from_value(fields.remove(name)?).ok()
}
