//! Follows systemd, session after session: a session is one connection to the bus. Invariants: a session ends at the
//! first thing that it can't do, and the next one begins with a listing; sessions that fail are [`FIRST_WAIT`] to
//! [`LONGEST_WAIT`] apart, less jitter.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::{
    EVERY,
    report::{self, Report},
};
use crate::{
    backends::{
        AskError,
        systemd::{Change, Systemd, Unit},
    },
    clock::later,
    config::{Bus, Service},
    event::{Source, Told},
    health::{Condition, Part},
    intake::reconcile::Desk,
    store::StoreError,
    subject::{Firing, UnitState},
};

/// A restart of the bus, or of systemd, takes less: the second failure is said.
const FIRST_WAIT: Duration = Duration::from_secs(6);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Follows the units of this machine.
pub struct Follower {
    desk: Desk,
    bus: Bus,
    /// Names of services by their units.
    services: BTreeMap<String, String>,
}

/// Why a session ended.
#[derive(Debug, Error)]
enum Trouble {
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One connection, and what is known.
struct Session<'f> {
    follower: &'f Follower,
    systemd: Systemd,
    /// The units that are known to have failed.
    failed: BTreeSet<String>,
}

impl Follower {
    /// A follower of the one on `bus`, that knows `services` by their units.
    pub fn new(desk: Desk, bus: Bus, services: &BTreeMap<String, Service>) -> Self {
        desk.health.set(Part::Sources, Condition::Ok);
        let by_unit = |(name, service): (&String, &Service)| Some((service.unit.clone()?, name.clone()));
        Self { desk, bus, services: services.iter().filter_map(by_unit).collect() }
    }

    /// Follows them until `cancel`.
    pub async fn run(self, cancel: CancellationToken) {
        cancel.run_until_cancelled(self.follow()).await;
    }

    async fn follow(&self) {
        let source = Source::Systemd.as_str();
        let (mut failures, mut said) = (0_u32, None);
        loop {
            match self.session(&mut failures, &mut said).await {
                Ok(()) => continue,
                Err(Trouble::Store(error)) => {
                    failures += 1;
                    tracing::warn!(source, %error, "what a unit did can't be stored; trying again");
                }
                Err(Trouble::Ask(error)) => {
                    failures += 1;
                    self.desk.silent(source, &error, failures, &mut said).await;
                }
            }
            let wait = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(failures - 1)).min(LONGEST_WAIT);
            self.desk.clock.sleep(wait.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
        }
    }

    /// One session. It ends well when another systemd takes over.
    async fn session(&self, failures: &mut u32, said: &mut Option<Firing>) -> Result<(), Trouble> {
        let clock = &self.desk.clock;
        // First, so that nothing happens between the listing and the signals.
        let systemd = Systemd::connect(&self.bus, clock.clone()).await?;
        let mut session = Session { follower: self, systemd, failed: BTreeSet::new() };
        session.catch_up(Told::Late).await?;
        self.desk.answers(Source::Systemd.as_str(), said).await;
        *failures = 0;
        let mut next = later(clock.now(), EVERY);
        loop {
            let change = tokio::select! {
                change = session.systemd.next() => Some(change?),
                () = clock.sleep_until(next) => None,
            };
            match change {
                Some(Change::State(unit)) => session.take(*unit).await?,
                Some(Change::Removed(name)) if !session.failed.contains(&name) => {}
                Some(Change::Replaced) => return Ok(()),
                Some(Change::Removed(_)) => session.catch_up(Told::AtOnce).await?,
                None => {
                    session.catch_up(Told::Late).await?;
                    next = later(clock.now(), EVERY);
                }
            }
        }
    }
}

impl Session<'_> {
    /// Finds what has failed, and what no longer counts as failed.
    async fn catch_up(&mut self, told: Told) -> Result<(), Trouble> {
        let mut found = Vec::new();
        let listed = self.systemd.failed().await?;
        for (_, path) in &listed {
            let unit = self.systemd.unit(path).await?;
            if report::has_failed(&unit) {
                found.push(self.report(unit, UnitState::Failed));
            }
        }
        let known = self.follower.desk.store.read(report::failed).await?;
        for name in known.iter().filter(|name| listed.iter().all(|(listed, _)| listed != *name)) {
            let unit = self.systemd.unit(&self.systemd.path(name).await?).await?;
            if report::has_recovered(&unit) {
                found.push(self.report(Unit { name: name.clone(), ..unit }, UnitState::Recovered));
            }
        }
        self.store(found, told).await?;
        self.failed = self.follower.desk.store.read(report::failed).await?.into_iter().collect();
        Ok(())
    }

    /// Takes what a signal told, held against how the unit is now: on its way to being started again by itself, it is
    /// `failed` and `inactive` for a moment, and both are told.
    async fn take(&mut self, told: Unit) -> Result<(), Trouble> {
        let ended = report::has_recovered(&told) && self.failed.contains(&told.name);
        if !ended && !report::has_failed(&told) {
            return Ok(());
        }
        let asked = self.systemd.unit(&told.path).await?;
        let name = told.name.clone();
        if report::has_failed(&asked) {
            self.store(vec![self.report(asked, UnitState::Failed)], Told::AtOnce).await?;
            self.failed.insert(name);
        } else if report::has_failed(&told) && matches!(&*asked.restart, "" | "no") {
            // Somebody was quicker. How it ended is not known any more.
            let unit = Unit { names: asked.names, description: asked.description, ..told };
            self.store(vec![self.report(unit, UnitState::Failed)], Told::AtOnce).await?;
            self.failed.insert(name);
        } else if ended && report::has_recovered(&asked) {
            self.store(vec![self.report(asked, UnitState::Recovered)], Told::AtOnce).await?;
            self.failed.remove(&name);
        }
        Ok(())
    }

    fn report(&self, unit: Unit, state: UnitState) -> Report {
        let services = &self.follower.services;
        let service =
            services.get(&unit.name).or_else(|| unit.names.iter().find_map(|name| services.get(name)));
        Report::new(unit, state, service)
    }

    /// Stores what of it is news.
    async fn store(&self, reports: Vec<Report>, told: Told) -> Result<(), StoreError> {
        let outcome = if told == Told::Late { "found" } else { "accepted" };
        let judge = move |conn: &_, report: Report| report.news(told, conn);
        self.follower.desk.store_counted(Source::Systemd, outcome, reports, judge).await
    }
}
