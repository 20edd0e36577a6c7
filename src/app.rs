//! Wires the parts of `vigie run`, supervises them and stops them in order. Invariants: the store is open and
//! the port is bound before systemd is told that Vigie is ready; Discord's trouble ends no part; the store
//! closes last, after everything that writes to it.

mod backing;
mod complaints;

use std::{collections::HashSet, net::SocketAddr, sync::Arc, time::Duration};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::{backing::StoreBacking, complaints::Complaints};
use crate::{
    actions::Actions,
    backends::{AskError, Client, Credentials, alertmanager::Silences},
    clock::Clock,
    config::{Config, Permission},
    delivery::{self, Dispatcher, Rest, RestSettings},
    discord::{permissions::Permissions, session},
    halt::Halt,
    health::Health,
    incident::{route::Routes, worker::Worker},
    intake::{
        self,
        endpoint::{self, Intake},
        hooks::Hooks,
        own,
        reconcile::{Asking, Desk},
        systemd, woodpecker,
    },
    pulse::Pulse,
    render::buttons::Silencing,
    store::{self, Store, StoreError},
    supervisor::{Ended, Stage, Supervisor},
    telemetry::Metrics,
    watchdog,
    web::{self, BindError, Limits, Server, Site},
};

/// How long each stage may take to stop.
const STOP_DEADLINE: Duration = Duration::from_secs(3);
/// How long requests under way may take after that; less than their stage has.
const DRAIN: Duration = Duration::from_secs(2);
/// How many complaints may wait to be stored: more than a team has channels.
const COMPLAINTS: usize = 64;

/// Why `vigie run` can't run.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The port can't be had.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The store can't be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The sender can't be made.
    #[error(transparent)]
    Delivery(#[from] delivery::SetupError),
    /// A system can't be asked at all.
    #[error(transparent)]
    Backend(#[from] AskError),
    /// A part ended.
    #[error(transparent)]
    Ended(#[from] Ended),
}

/// Runs Vigie until `shutdown`. `listening` is told the address once hooks are taken.
pub async fn run(
    config: Config,
    clock: Clock,
    shutdown: CancellationToken,
    listening: impl FnOnce(SocketAddr),
) -> Result<(), AppError> {
    let health = Health::default();
    let metrics = Metrics::default();
    let halt = Halt::new(health.clone());
    let store = Store::open(store::Settings {
        path: config.store.path.clone(),
        keep: config.store.keep,
        clock: clock.clone(),
        metrics: metrics.clone(),
        health: health.clone(),
    })?;
    let server =
        Server::bind(config.http.listen, Limits { drain: DRAIN, ..Limits::default() }, clock.clone()).await?;
    let address = server.address();
    let rest = Rest::new(rest_settings(&config, &clock, &metrics, &halt))?;

    let mut supervisor = Supervisor::new(clock.clone());
    let hooks = endpoint::router(Intake {
        hooks: Hooks::of(&config.sources),
        trusted_proxies: config.http.trusted_proxies.clone(),
        store: store.clone(),
        metrics: metrics.clone(),
        clock: clock.clone(),
    });
    let site = Site {
        health: health.clone(),
        metrics: metrics.clone(),
        store: store.clone(),
        clock: clock.clone(),
        started: clock.now(),
    };
    let stop = supervisor.stop(Stage::Intake);
    supervisor.spawn("web server", Stage::Intake, server.serve(web::router(site, hooks), stop));

    let desk = Desk::new(store.clone(), clock.clone(), metrics.clone(), health.clone(), config.language);
    ask_sources(&mut supervisor, &config, desk);
    if let Some(pulse) = pulse(&config, &store, &clock, &metrics, &health) {
        let stop = supervisor.stop(Stage::Intake);
        supervisor.spawn("pulse", Stage::Intake, pulse.run(stop));
    }

    let worker = worker(&config, &store, &clock);
    let actions = Actions::new(worker.clone(), silences(&config, &clock)?, clock.clone());
    let stop = supervisor.stop(Stage::Work);
    // What waited for a day is condensed before the first message goes out.
    if let Err(error) = worker.condense().await {
        tracing::warn!(%error, "what waits for Discord is condensed later");
    }
    supervisor.spawn("incidents", Stage::Work, worker.run(stop.clone()));
    supervisor.spawn("silences", Stage::Work, actions.clone().run(stop.clone()));
    let (complain, heard) = mpsc::channel(COMPLAINTS);
    let complaints = Complaints {
        store: store.clone(),
        language: config.language,
        fallback: config.discord.fallback_channel,
    };
    supervisor.spawn("complaints", Stage::Work, complaints.run(heard, stop.clone()));
    let dispatcher = Dispatcher {
        store: store.clone(),
        rest,
        clock: clock.clone(),
        metrics: metrics.clone(),
        health: health.clone(),
        halt: halt.clone(),
        complaints: complain,
    };
    supervisor.spawn("delivery", Stage::Work, dispatcher.run(stop.clone()));
    let shared = session::Shared {
        clock: clock.clone(),
        started: clock.now(),
        health,
        halt,
        metrics,
        backing: Arc::new(StoreBacking { store: store.clone(), actions }),
    };
    let settings = session_settings(&config);
    supervisor.spawn("gateway session", Stage::Work, async move {
        session::run(settings, shared, stop.clone()).await;
        // Left alone for good, it rests: a task that ends would end the process, and intake goes on.
        stop.cancelled().await;
    });

    let stop = supervisor.stop(Stage::Work);
    let warnings = own::pass_on_warnings(store.clone(), config.language, clock.clone(), stop);
    supervisor.spawn("store warnings", Stage::Work, warnings);

    let stop = supervisor.stop(Stage::Base);
    supervisor.spawn("store upkeep", Stage::Base, store.clone().maintain(stop.clone()));
    supervisor.spawn("watchdog", Stage::Base, watchdog::run(store.clone(), clock.clone(), stop));

    watchdog::ready();
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "taking webhooks");
    listening(address);
    let told = shutdown.clone();
    let outcome = supervisor.run(shutdown, STOP_DEADLINE).await;
    if told.is_cancelled() {
        watchdog::stopping();
    }
    close(store, &clock).await;
    Ok(outcome?)
}

fn worker(config: &Config, store: &Store, clock: &Clock) -> Worker {
    Worker {
        store: store.clone(),
        routes: Arc::new(Routes {
            routes: config.routes.clone(),
            fallback: config.discord.fallback_channel,
            pulse: config.health.as_ref().map(|health| health.channel),
        }),
        critical: Arc::new(config.critical_services()),
        silencing: silencing(config),
        language: config.language,
        reader: intake::read,
        clock: clock.clone(),
    }
}

fn pulse(config: &Config, store: &Store, clock: &Clock, metrics: &Metrics, health: &Health) -> Option<Pulse> {
    config.health.as_ref().map(|declared| Pulse {
        store: store.clone(),
        channel: declared.channel,
        ping_url: declared.ping_url.clone(),
        language: config.language,
        clock: clock.clone(),
        metrics: metrics.clone(),
        health: health.clone(),
    })
}

/// Whether alerts get buttons that silence them: Alertmanager can be asked, and somebody may.
fn silencing(config: &Config) -> Silencing {
    let asked = config.sources.alertmanager.as_ref().is_some_and(|alertmanager| alertmanager.asked.is_some());
    if asked && config.permissions.contains_key(&Permission::Silence) {
        Silencing::Offered
    } else {
        Silencing::Withheld
    }
}

/// The silences of the Alertmanager that can be asked.
fn silences(config: &Config, clock: &Clock) -> Result<Option<Silences>, AskError> {
    let asked = config.sources.alertmanager.as_ref().and_then(|alertmanager| alertmanager.asked.as_ref());
    let client = asked.map(|asked| {
        let credentials = asked.api_token_file.clone().map_or(Credentials::None, Credentials::Bearer);
        Client::new(&asked.url, credentials, clock.clone())
    });
    Ok(client.transpose()?.map(Silences::new))
}

async fn close(store: Store, clock: &Clock) {
    if clock.timeout(STOP_DEADLINE, store.close()).await.is_none() {
        tracing::error!(
            "the store did not close in time: the disk hangs; what was answered with 2xx is on it"
        );
    }
}

/// Starts what goes to the sources, where webhooks do not bring everything.
fn ask_sources(supervisor: &mut Supervisor, config: &Config, desk: Desk) {
    if let Some(asked) = config.sources.woodpecker.clone() {
        let Desk { store, clock, metrics, language, .. } = desk.clone();
        let follower = woodpecker::Follower { asked, store, metrics, clock, language };
        let stop = supervisor.stop(Stage::Intake);
        supervisor.spawn("woodpecker", Stage::Intake, follower.run(stop));
    }
    if let Some(bus) = &config.sources.systemd {
        let follower = systemd::Follower::new(desk.clone(), bus.clone(), &config.services);
        let stop = supervisor.stop(Stage::Intake);
        supervisor.spawn("systemd", Stage::Intake, follower.run(stop));
    }
    let stop = supervisor.stop(Stage::Intake);
    supervisor.spawn("reconcile", Stage::Intake, Asking::new(desk, config).run(stop));
}

fn rest_settings(config: &Config, clock: &Clock, metrics: &Metrics, halt: &Halt) -> RestSettings {
    RestSettings {
        origin: config.discord.endpoint.as_ref().map_or_else(delivery::discord, |other| other.rest.clone()),
        token: config.discord.token.clone(),
        user_agent: delivery::AGENT.to_owned(),
        clock: clock.clone(),
        metrics: metrics.clone(),
        halt: halt.clone(),
        connect_timeout: Duration::from_secs(10),
        request_timeout: Duration::from_secs(30),
    }
}

fn session_settings(config: &Config) -> session::Settings {
    let mentions = config.routes.iter().filter_map(|route| route.mention.as_ref());
    let ids: HashSet<u64> = mentions.flat_map(|mention| mention.roles.iter().copied()).collect();
    let endpoint = config.discord.endpoint.as_ref();
    session::Settings {
        token: config.discord.token.clone(),
        guild: config.discord.guild,
        rest: endpoint.map(|other| other.rest.clone()),
        gateway: endpoint.map(|other| other.gateway.clone()),
        mentioned: config.roles.clone().into_iter().filter(|(_, id)| ids.contains(id)).collect(),
        permissions: Permissions::new(config.permissions.clone()),
        language: config.language,
        timings: session::Timings::default(),
    }
}
