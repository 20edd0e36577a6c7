//! How the store is, for [`Health`]. Invariant: an outage hides warnings and ends only when a change was committed
//! again; damage that was found at the start stays said until the next start.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    health::{Condition, Health, Part},
    reason::Reason,
};

#[derive(Clone, Debug)]
pub(super) struct StoreCondition {
    path: PathBuf,
    health: Health,
    facts: Arc<Mutex<Facts>>,
}

#[derive(Debug, Default)]
struct Facts {
    outage: Option<Reason>,
    damage: Option<Reason>,
    warning: Option<Reason>,
}

impl StoreCondition {
    pub(super) fn new(path: PathBuf, health: Health) -> Self {
        Self { path, health, facts: Arc::default() }
    }

    /// Nothing can be stored, for this reason.
    pub(super) fn outage(&self, reason: &Reason) {
        let mut facts = self.facts();
        if facts.outage.is_none() {
            tracing::error!(path = %self.path.display(), %reason, "nothing can be stored; webhooks are answered 503");
        }
        let path = self.path.display().to_string();
        facts.outage = Some(Reason::new("store-at").with("path", path).with("reason", reason.clone()));
        self.show(&facts);
    }

    /// A change was stored.
    pub(super) fn works(&self) {
        let mut facts = self.facts();
        if facts.outage.take().is_some() {
            tracing::info!(path = %self.path.display(), "the store works again");
            self.show(&facts);
        }
    }

    /// The store is open; says how it is.
    pub(super) fn opened(&self) {
        let mut facts = self.facts();
        facts.outage = None;
        self.show(&facts);
    }

    /// The file was damaged and is begun anew.
    pub(super) fn damaged(&self, what: Reason) {
        let mut facts = self.facts();
        facts.damage = Some(what);
        self.show(&facts);
    }

    /// What someone should look at before it becomes an outage.
    pub(super) fn warn(&self, warning: Option<Reason>) {
        let mut facts = self.facts();
        if facts.warning.is_none()
            && let Some(warning) = &warning
        {
            tracing::warn!(path = %self.path.display(), "{warning}");
        }
        facts.warning = warning;
        self.show(&facts);
    }

    /// Whether nothing can be stored.
    pub(super) fn is_out(&self) -> bool {
        self.facts().outage.is_some()
    }

    fn show(&self, facts: &Facts) {
        let condition = match &facts.outage {
            Some(reason) => Condition::Failed(reason.clone()),
            None => Reason::all(facts.damage.iter().chain(&facts.warning).cloned())
                .map_or(Condition::Ok, Condition::Warning),
        };
        self.health.set(Part::Store, condition);
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        // Plain values are whole whatever panicked while holding them.
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
