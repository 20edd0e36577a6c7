//! What Gitea's activity feeds tell that its webhooks did not. Invariants:
//!
//! - an activity is looked at once it is [`GRACE`] old, so that its webhook had its time;
//! - each webhook that was stored stands for one activity, and each activity without one becomes what its webhook
//!   would have told, under the same object;
//! - each repository's feed is read on from where it was left, whatever happened in between; the very first time it
//!   is read from now on.
//!
//! A token that may see a repository is what makes it one that is asked.

mod bodies;
mod happening;

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use self::happening::Happening;
use super::{Desk, Pull, PullError};
use crate::{
    backends::{
        Client,
        gitea::{Activity, Gitea, PAGE},
    },
    event::{Source, Told},
    intake::gitea,
    store::{Arrival, StoreError, inbox, meta},
};

/// How old an activity is before it counts as missed.
const GRACE: Duration = Duration::from_secs(30);

/// How much the clocks of Gitea and Vigie may differ.
const SKEW: Duration = Duration::from_secs(5);

/// How many activities are looked at first: most of the time nothing is new, and few share the newest one's second.
const GLANCE: usize = 5;

/// How many pages of one feed are read at most: more activities than that at once are nobody's to read.
const PAGES: usize = 40;

/// Under which key it is kept how far the feeds were read.
const READ: &str = "reconcile gitea";

/// How far the feeds were read.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Progress {
    /// When all feeds were last read; absent before the first time.
    asked: Option<Timestamp>,
    /// How far each repository's feed was read, by the repository's number.
    feeds: BTreeMap<i64, Mark>,
}

/// The newest activity that was looked at.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Mark {
    id: i64,
    at: Timestamp,
}

/// One activity's share in what is to be told.
struct Finding {
    happening: Happening,
    /// When it happened.
    at: Timestamp,
    arrival: Arrival,
}

/// Gitea, asked.
pub(super) struct Pulled(Gitea);

impl Pull for Pulled {
    const NAME: &'static str = "gitea";

    async fn pull(&mut self, desk: &Desk) -> Result<(), PullError> {
        let now = desk.clock.now();
        let mut progress = read_progress(desk).await?;
        let repositories = self.repositories().await?;
        progress.feeds.retain(|id, _| repositories.contains_key(id));
        let mut failed = None;
        for (id, name) in &repositories {
            match self.read_on(desk, now, &mut progress, *id, name).await {
                Ok(()) => {}
                // The others may well answer.
                Err(PullError::Ask(error)) => failed = failed.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        if failed.is_none() {
            progress.asked = Some(now);
        }
        write_progress(desk, &progress).await?;
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}

impl Pulled {
    pub(super) const fn new(client: Client) -> Self {
        Self(Gitea::new(client))
    }

    /// All repositories: number and name.
    async fn repositories(&self) -> Result<BTreeMap<i64, String>, PullError> {
        let mut all = BTreeMap::new();
        for page in 1.. {
            let found = self.0.repositories(page).await?;
            let known = all.len();
            all.extend(found.into_iter().map(|repository| (repository.id, repository.full_name)));
            if all.len() == known {
                break;
            }
        }
        Ok(all)
    }

    /// Stores what one feed tells beyond its mark, and moves the mark.
    async fn read_on(
        &self,
        desk: &Desk,
        now: Timestamp,
        progress: &mut Progress,
        repository: i64,
        name: &str,
    ) -> Result<(), PullError> {
        let known = progress.feeds.get(&repository).copied();
        let mark = match (known, progress.asked) {
            (Some(mark), _) => mark,
            // A repository that was made, or became visible, since all feeds were last read.
            (None, Some(asked)) => Mark { id: 0, at: asked },
            (None, None) => {
                // By Gitea's own clock where it has told a time.
                let newest = self.0.activities(name, 1, GLANCE).await?;
                let newest = newest.into_iter().max_by_key(|it| (it.created, it.id));
                let mark = newest.map_or(Mark { id: 0, at: now }, |it| Mark { id: it.id, at: it.created });
                progress.feeds.insert(repository, mark);
                return Ok(());
            }
        };
        let activities = self.activities(name, mark, now).await?;
        let Some(newest) = activities.last() else {
            progress.feeds.insert(repository, mark);
            return Ok(());
        };
        let newest = Mark { id: newest.id.max(mark.id), at: newest.created.max(mark.at) };
        let (findings, mut used) = self.missed(desk, name, activities).await?;
        for Finding { arrival, .. } in &findings {
            tracing::info!(
                source = "gitea",
                kind = arrival.kind,
                source_key = arrival.source_key,
                "found what its webhook did not tell"
            );
        }
        desk.store(Source::Gitea, findings, move |conn, finding: Finding| {
            let object = finding.arrival.object.clone();
            let told = is_told(conn, &object, &finding.happening, finding.at, &mut used)?;
            Ok((!told).then_some(finding.arrival))
        })
        .await?;
        progress.feeds.insert(repository, newest);
        Ok(())
    }

    /// The activities after `mark` that are old enough, oldest first.
    async fn activities(&self, name: &str, mark: Mark, now: Timestamp) -> Result<Vec<Activity>, PullError> {
        let old_enough = now - GRACE;
        let mut all = BTreeMap::new();
        let pages = (1..=PAGES).map(|page| (page, PAGE));
        for (page, limit) in [(1, GLANCE)].into_iter().chain(pages) {
            let entries = self.0.activities(name, page, limit).await?;
            // Newest first to the second, and in any order within one.
            let reaches_back = entries.last().is_none_or(|oldest| oldest.created < mark.at);
            all.extend(entries.into_iter().map(|entry| (entry.id, entry)));
            if reaches_back {
                break;
            }
            if page == PAGES {
                tracing::warn!(
                    source = "gitea",
                    repository = name,
                    read = all.len(),
                    "more happened than is read at once: what came before is not shown"
                );
            }
        }
        let wanted = |entry: &Activity| entry.id > mark.id && entry.created >= mark.at - SKEW;
        let all = all.into_values().filter(wanted);
        Ok(all.take_while(|entry| entry.created <= old_enough).collect())
    }

    /// What of `activities` no webhook told, as its webhook would have; and which arrivals told the others.
    async fn missed(
        &self,
        desk: &Desk,
        name: &str,
        activities: Vec<Activity>,
    ) -> Result<(Vec<Finding>, HashSet<i64>), PullError> {
        let name_ = name.to_owned();
        let happenings = self.happenings(desk, name, &activities).await?;
        let (mut untold, mut used) = (Vec::new(), HashSet::new());
        let job = move |conn: &Connection| {
            for (happening, activity) in happenings {
                let object = happening.object(&name_);
                if !is_told(conn, &object, &happening, activity.created, &mut used)? {
                    untold.push((happening, activity));
                }
            }
            Ok((untold, used))
        };
        let (untold, used) = desk.store.read(job).await?;
        let mut findings = Vec::new();
        for (happening, activity) in untold {
            let Some(body) = bodies::body(&self.0, name, &happening, &activity).await? else {
                tracing::info!(
                    source = "gitea",
                    repository = name,
                    activity = activity.id,
                    "what was missed is gone"
                );
                continue;
            };
            let (kind, body) = (happening.kind(), body.to_string().into_bytes());
            match gitea::read(kind, &body) {
                Ok(event) => findings.push(Finding {
                    happening,
                    at: activity.created,
                    arrival: Arrival {
                        source: Source::Gitea,
                        told: Told::Late,
                        delivery: Some(format!("feed {} {kind}", activity.id)),
                        kind: kind.to_owned(),
                        source_key: event.source_key,
                        object: event.object,
                        body,
                    },
                }),
                Err(error) => tracing::error!(
                    source = "gitea", repository = name, activity = activity.id, %error,
                    "an activity can't be read and shows nowhere: report this"
                ),
            }
        }
        Ok((findings, used))
    }

    /// What happened by `activities`. A review is several of them: one for itself, one for each remark on code.
    async fn happenings(
        &self,
        desk: &Desk,
        name: &str,
        activities: &[Activity],
    ) -> Result<Vec<(Happening, Activity)>, PullError> {
        let mut all: Vec<(Happening, Activity)> = Vec::new();
        for activity in activities {
            for happening in Happening::all(activity, activities) {
                let happening = match happening {
                    Happening::Comment { number, id, on_pull: true }
                        if !self.is_plain(desk, name, id).await? =>
                    {
                        Happening::Review { number, verdict: happening::REMARK }
                    }
                    other => other,
                };
                let review = |(one, of): &&mut (Happening, Activity)| {
                    happening.is_of_review(one)
                        && (of.created, &of.act_user["id"]) == (activity.created, &activity.act_user["id"])
                };
                match all.iter_mut().find(review) {
                    Some(known) => known.0 = known.0.clone().or_verdict_of(happening),
                    None => all.push((happening, activity.clone())),
                }
            }
        }
        Ok(all)
    }

    /// Whether the comment on a pull request is none of a review's. If its webhook came, that is known.
    async fn is_plain(&self, desk: &Desk, name: &str, id: u64) -> Result<bool, PullError> {
        let object = Happening::Comment { number: 0, id, on_pull: true }.object(name);
        let known = desk.store.read(move |conn| inbox::newest(conn, Source::Gitea, &object)).await?;
        Ok(known.is_some() || self.0.is_plain_comment(name, id).await?)
    }
}

/// Whether a webhook told of `happening`, which happened `at`. Each one tells of one, so what is `used` counts no more.
fn is_told(
    conn: &Connection,
    object: &str,
    happening: &Happening,
    at: Timestamp,
    used: &mut HashSet<i64>,
) -> Result<bool, StoreError> {
    let from_ms = (at - SKEW).as_millisecond();
    let told = inbox::reported_since(conn, Source::Gitea, object, from_ms)?;
    let told = told.into_iter().find(|(id, key)| !used.contains(id) && happening.is_told_by(object, key));
    Ok(told.is_some_and(|(id, _)| used.insert(id)))
}

async fn read_progress(desk: &Desk) -> Result<Progress, StoreError> {
    let kept = desk.store.read(|conn| meta::get(conn, READ)).await?;
    Ok(kept.and_then(|kept| serde_json::from_str(&kept).ok()).unwrap_or_default())
}

async fn write_progress(desk: &Desk, progress: &Progress) -> Result<(), StoreError> {
    let kept = serde_json::to_string(progress).unwrap_or_default();
    desk.store.write(move |conn| meta::set(conn, READ, &kept)).await
}
