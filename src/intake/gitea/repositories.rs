//! What a repository has beside code and talk: releases, wiki pages, packages, forks, and itself.

use serde::Deserialize;

use super::{
    ReadError,
    wire::{self, Identity, Named, Repository, User},
};
use crate::{
    event::Event,
    subject::{self, RepositoryChange, Subject, Wiki},
};

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct ReleasePayload {
    #[serde(default, deserialize_with = "wire::nullable")]
    action: String,
    release: Release,
    repository: Repository,
    sender: Option<User>,
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct Release {
    id: u64,
    tag_name: String,
    #[serde(default, deserialize_with = "wire::nullable")]
    name: String,
    #[serde(default, deserialize_with = "wire::nullable")]
    body: String,
    html_url: Option<String>,
    #[serde(default, deserialize_with = "wire::nullable")]
    draft: bool,
    #[serde(default, deserialize_with = "wire::nullable")]
    prerelease: bool,
    published_at: Option<String>,
    #[serde(default, deserialize_with = "wire::list")]
    assets: Vec<Named>,
}

/// `release`. Its incident goes by number: a tag can be released anew after its release was removed.
pub(super) fn release(body: &[u8]) -> Result<Event, ReadError> {
    let ReleasePayload { action, release, repository, sender } = wire::parse("release", body)?;
    let mut identity =
        Identity::of(format!("{} release {}", repository.name(), release.tag_name), &action, body);
    identity.incident = Some(format!("{} release {}", repository.name(), release.id));
    let labels = wire::labels([("action", action.as_str()), ("tag", &release.tag_name)]);
    // Later actions do not say when they happened.
    let at = wire::time(release.published_at.as_deref()).filter(|_| action == "published");
    let files = release.assets.into_iter().take(25);
    let subject = Subject::Release(subject::Release {
        action: wire::name(action),
        tag: wire::name(release.tag_name),
        name: wire::line(release.name),
        body: wire::prose(release.body),
        url: wire::link(release.html_url.as_deref()),
        draft: release.draft,
        prerelease: release.prerelease,
        assets: files
            .map(|file| (wire::name(file.name), wire::link(file.browser_download_url.as_deref())))
            .collect(),
    });
    Ok(Event { labels, at, ..wire::event("release", Some(&repository), sender, identity, subject) })
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct RepositoryPayload {
    #[serde(default, deserialize_with = "wire::nullable")]
    action: String,
    repository: Repository,
    sender: Option<User>,
}

/// `repository`: it was made or removed.
pub(super) fn repository(body: &[u8]) -> Result<Event, ReadError> {
    let RepositoryPayload { action, repository, sender } = wire::parse("repository", body)?;
    let labels = wire::labels([("action", action.as_str())]);
    let identity = Identity::alone(repository.name(), &action, body);
    let subject = Subject::Repository(RepositoryChange { action: wire::name(action), fork: None, url: None });
    Ok(Event { labels, ..wire::event("repository", Some(&repository), sender, identity, subject) })
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct ForkPayload {
    /// The repository that was forked, despite its name.
    forkee: Repository,
    /// The fork.
    repository: Repository,
    sender: Option<User>,
}

/// `fork`. It happens to the repository that was forked, which is also the one that has the webhook.
pub(super) fn fork(body: &[u8]) -> Result<Event, ReadError> {
    let ForkPayload { forkee, repository: fork, sender } = wire::parse("fork", body)?;
    let identity = Identity::alone(forkee.name(), "forked", body);
    let subject = Subject::Repository(RepositoryChange {
        action: "forked".to_owned(),
        fork: Some(fork.name()),
        url: fork.url(),
    });
    Ok(wire::event("fork", Some(&forkee), sender, identity, subject))
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct WikiPayload {
    #[serde(default, deserialize_with = "wire::nullable")]
    action: String,
    page: String,
    #[serde(default, deserialize_with = "wire::nullable")]
    comment: String,
    repository: Repository,
    sender: Option<User>,
}

/// `wiki`: a page was made, edited or removed.
pub(super) fn wiki(body: &[u8]) -> Result<Event, ReadError> {
    let WikiPayload { action, page, comment, repository, sender } = wire::parse("wiki", body)?;
    let labels = wire::labels([("action", action.as_str())]);
    let identity = Identity::alone(format!("{} wiki {page}", repository.name()), &action, body);
    let subject = Subject::Wiki(Wiki {
        action: wire::name(action),
        page: wire::name(page),
        comment: wire::line(comment),
    });
    Ok(Event { labels, ..wire::event("wiki", Some(&repository), sender, identity, subject) })
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct PackagePayload {
    #[serde(default, deserialize_with = "wire::nullable")]
    action: String,
    package: Package,
    /// A package belongs to an account, and only sometimes to a repository too.
    repository: Option<Repository>,
    sender: Option<User>,
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct Package {
    owner: Option<User>,
    repository: Option<Repository>,
    name: String,
    #[serde(default, deserialize_with = "wire::nullable")]
    version: String,
    #[serde(default, deserialize_with = "wire::nullable")]
    r#type: String,
    html_url: Option<String>,
    created_at: Option<String>,
}

/// `package`: a version was published or removed.
pub(super) fn package(body: &[u8]) -> Result<Event, ReadError> {
    let PackagePayload { action, package, repository, sender } = wire::parse("package", body)?;
    let repository = repository.or(package.repository);
    let owner = package.owner.and_then(User::name).unwrap_or_default();
    let (format, name, version) = (package.r#type, package.name, package.version);
    let labels = wire::labels([("action", action.as_str()), ("package", &name)]);
    let identity = Identity::alone(format!("{owner} package {format}/{name}@{version}"), &action, body);
    let at = wire::time(package.created_at.as_deref()).filter(|_| action == "created");
    let subject = Subject::Package(subject::Package {
        action: wire::name(action),
        name: wire::name(name),
        version: wire::name(version),
        format: wire::name(format),
        url: wire::link(package.html_url.as_deref()),
    });
    Ok(Event { labels, at, ..wire::event("package", repository.as_ref(), sender, identity, subject) })
}
