//! Finds by listing what the stream did not tell. Invariants: a repository that can't be listed holds up no other; a
//! listing that breaks off is begun again where it began, because what was listed is known only at its end.

use std::collections::{BTreeMap, BTreeSet};

use hyper::StatusCode;

use super::follower::{Found, Session, Trouble};
use crate::backends::{AskError, woodpecker};

/// How many pages of a repository's pipelines are read: 2,000 pipelines. More in one absence are not found.
const PAGES: u32 = 40;

/// What a listing brought.
pub(super) struct CaughtUp {
    /// Whether there are repositories that were unknown.
    pub(super) newcomers: bool,
}

/// How well a repository is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meeting {
    /// Nothing is known of this Woodpecker; what has ended already is no news.
    First,
    /// It, or others of this Woodpecker, were known before.
    Further,
}

impl Session<'_> {
    /// Lists all repositories and what is new in them.
    pub(super) async fn catch_up(&mut self) -> Result<CaughtUp, Trouble> {
        let now = self.follower.clock.now();
        let meeting = if self.seen.is_new() { Meeting::First } else { Meeting::Further };
        let (mut newcomers, mut own) = (false, BTreeSet::new());
        for repository in self.woodpecker.repositories().await? {
            newcomers |= self.seen.meet(&repository, now);
            own.insert(repository.id);
        }
        let ids: Vec<i64> = self.seen.repositories.keys().copied().collect();
        for id in ids {
            match self.list(id, meeting).await {
                Ok(()) => {}
                Err(Trouble::Ask(error @ (AskError::Refused { .. } | AskError::Unreadable { .. }))) => {
                    self.pass_over(id, &error, &own);
                }
                Err(trouble) => return Err(trouble),
            }
        }
        self.seen.listed(now);
        self.seen.save(&self.follower.store, &self.follower.asked.url).await?;
        Ok(CaughtUp { newcomers })
    }

    /// Leaves a repository for later; one that was only seen in the stream and can't be read any more, for good.
    fn pass_over(&mut self, id: i64, error: &AskError, own: &BTreeSet<i64>) {
        let repository = self.seen.repositories.get(&id).map(|known| known.name.clone());
        tracing::warn!(source = "woodpecker", repository, %error, "a repository can't be listed");
        let denied = [StatusCode::NOT_FOUND, StatusCode::UNAUTHORIZED];
        if matches!(error, AskError::Refused { status, .. } if denied.contains(status)) && !own.contains(&id)
        {
            self.seen.repositories.remove(&id);
        }
    }

    async fn list(&mut self, id: i64, meeting: Meeting) -> Result<(), Trouble> {
        let Some(known) = self.seen.repositories.get_mut(&id) else { return Ok(()) };
        let repository = known.wire(id);
        let (after, pages) = match meeting {
            Meeting::First => (None, 1),
            Meeting::Further => (known.after(), PAGES),
        };
        let mut found = BTreeMap::new();
        for page in 1..=pages {
            let pipelines = self.woodpecker.pipelines(id, after, page).await?;
            let is_last = pipelines.len() < woodpecker::PAGE;
            found.extend(pipelines.into_iter().map(|pipeline| (pipeline.number, pipeline)));
            if is_last {
                break;
            }
            if page == PAGES {
                let repository = &repository.full_name;
                tracing::warn!(
                    source = "woodpecker",
                    repository,
                    "more pipelines were missed than are listed"
                );
            }
        }
        if meeting == Meeting::First {
            known.begin_with(found.values());
        }
        for number in known.unfinished() {
            if found.contains_key(&number) {
                continue;
            }
            match self.woodpecker.pipeline(id, number).await? {
                Some(pipeline) => drop(found.insert(number, pipeline)),
                None => known.gone(number),
            }
        }
        // In the order of their numbers, so that the newest has the last word.
        for pipeline in found.values() {
            self.take(&repository, pipeline.clone(), Found::Listed).await?;
        }
        if let Some(known) = self.seen.repositories.get_mut(&id) {
            known.caught_up(found.values());
        }
        Ok(())
    }
}
