//! Keeps a session with Discord's gateway, so that people's commands reach Vigie.
//!
//! Invariants: one session at a time; a session that ends is followed by another after a wait that grows,
//! within Discord's IDENTIFY budget, until Vigie stops or Discord forbids to come back; whatever happens
//! here, [`run`] neither panics nor ends the process; [`crate::health`] says at every moment how the session
//! is; with an endpoint configured no other host is ever asked.
//!
//! serenity's faults are met in `relay` (what happens on the wire), `rest` and `client`.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use jiff::Timestamp;
use secrecy::SecretString;
use serenity::{all::BotGateway, async_trait, http::Http};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{
    backoff::Backoff,
    budget::Budget,
    client::Session,
    permissions::Permissions,
    relay::{Cause, Gate, Moves, is_discords},
    rest::{self, RestError},
};
use crate::{
    clock::Clock,
    halt::Halt,
    health::{Condition, Health, Part},
    incident::action::{Act, Verdict},
    language::Language,
    reason::Reason,
    telemetry::Metrics,
};

/// What the session is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The bot's token, without `Bot `.
    pub token: SecretString,
    /// The guild whose members may use the commands.
    pub guild: u64,
    /// The origin of another Discord's REST API (`/api/v10` is appended); `None` is the real one.
    pub rest: Option<Url>,
    /// The address of another Discord's gateway, without a query; `None` is what REST names.
    pub gateway: Option<Url>,
    /// The roles that routes mention, by their name in the configuration.
    pub mentioned: BTreeMap<String, u64>,
    /// Who may do what.
    pub permissions: Permissions,
    /// The language of channel messages.
    pub language: Language,
    /// How long things may take.
    pub timings: Timings,
}

/// How long things may take. Tests shorten them.
#[derive(Clone, Copy, Debug)]
pub struct Timings {
    /// One REST request; default 15 s.
    pub request: Duration,
    /// Connecting to the gateway with its handshakes; default 15 s.
    pub dial: Duration,
    /// From then until READY or RESUMED, and from READY until the commands are registered; default 60 s.
    pub ready: Duration,
    /// From a heartbeat to its acknowledgement; default 20 s.
    pub acknowledge: Duration,
    /// A session or connection that lived this long counts as good; default 60 s.
    pub settled: Duration,
    /// The first wait before another session; it doubles with each failure; default 1 s.
    pub retry_first: Duration,
    /// The longest such wait; default 5 min.
    pub retry_max: Duration,
    /// Between two IDENTIFYs, as `max_concurrency` 1 asks; default 5 s.
    pub identify_spacing: Duration,
    /// Closing a session; default 1.5 s.
    pub shutdown: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(15),
            dial: Duration::from_secs(15),
            ready: Duration::from_mins(1),
            acknowledge: Duration::from_secs(20),
            settled: Duration::from_mins(1),
            retry_first: Duration::from_secs(1),
            retry_max: Duration::from_mins(5),
            identify_spacing: Duration::from_secs(5),
            shutdown: Duration::from_millis(1500),
        }
    }
}

/// What the session shares with the rest of Vigie.
#[derive(Clone)]
pub struct Shared {
    /// The time.
    pub clock: Clock,
    /// When this process started.
    pub started: Timestamp,
    /// Where the session says how it is.
    pub health: Health,
    /// Where it says that Discord is to be left alone.
    pub halt: Halt,
    /// Where it counts.
    pub metrics: Metrics,
    /// What it needs of the store and the outbox.
    pub backing: Arc<dyn Backing>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("started", &self.started).finish_non_exhaustive()
    }
}

/// What the session and its commands need of the store and the outbox. An error is a text for the log.
#[async_trait]
pub trait Backing: Send + Sync {
    /// What [`Backing::remember`] kept under `key`.
    async fn recall(&self, key: &str) -> Result<Option<String>, String>;
    /// Keeps `value` under `key` over restarts.
    async fn remember(&self, key: &str, value: &str) -> Result<(), String>;
    /// What waits in the store, for `/status`.
    async fn counts(&self) -> Result<Counts, String>;
    /// Does what somebody asks for who may.
    async fn act(&self, act: Act) -> Result<Verdict, String>;
    /// Keeps in the audit that somebody asked for it who may not.
    async fn forbidden(&self, act: Act) -> Result<(), String>;
    /// Says `text` in the fallback channel.
    async fn complain(&self, text: String) -> Result<(), String>;
}

/// What waits in the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accepted events that no message shows yet.
    pub inbox_pending: u64,
    /// Messages that wait to be sent or edited.
    pub outbox_pending: u64,
    /// Messages whose channel refuses them.
    pub outbox_parked: u64,
}

/// Why a session is over.
#[derive(Debug)]
pub(super) enum End {
    /// Vigie stops, or Discord is left alone.
    Stopped,
    /// Another one is to be begun.
    Lost(Reason),
    /// Never again; says what a person must do.
    Fatal(Reason),
}

impl From<RestError> for End {
    fn from(error: RestError) -> Self {
        match error {
            RestError::TokenRefused => Self::Fatal(error.reason()),
            RestError::InteractionOver(_) | RestError::Other(_) => Self::Lost(error.reason()),
        }
    }
}

impl From<Cause> for End {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Lost(why) => Self::Lost(why),
            Cause::Fatal(why) => Self::Fatal(why),
        }
    }
}

/// Keeps a session until `cancel`, or until Discord is to be left alone. Ends within
/// [`Timings::shutdown`] of `cancel`.
pub async fn run(settings: Settings, shared: Shared, cancel: CancellationToken) {
    let stop = async || {
        tokio::select! {
            () = cancel.cancelled() => {}
            () = shared.halt.halted() => {}
        }
    };
    let mut backoff = Backoff::new(settings.timings.retry_first, settings.timings.retry_max);
    let mut budget = Budget::new(settings.timings.identify_spacing);
    loop {
        let begun = tokio::select! {
            begun = begin(&settings, &shared, &mut budget) => begun,
            () = stop() => Err(End::Stopped),
        };
        let end = match begun {
            Ok(session) => {
                let (end, lived) = session.keep(&shared, &settings.timings, stop()).await;
                if lived >= settings.timings.settled {
                    backoff.reset();
                }
                end
            }
            Err(end) => end,
        };
        match end {
            End::Stopped => break,
            End::Fatal(reason) => {
                shared.halt.halt(reason);
                break;
            }
            End::Lost(reason) => {
                let wait = backoff.next();
                tracing::warn!(
                    %reason,
                    ?wait,
                    "no session with Discord's gateway; another one begins after the wait"
                );
                let next = Reason::new("gateway-next-attempt")
                    .with("reason", reason)
                    .with("seconds", wait.as_secs() + 1);
                waiting(&shared.health, next);
                tokio::select! {
                    () = shared.clock.sleep(wait) => {}
                    () = stop() => break,
                }
            }
        }
    }
    // What the session said last must not hide why Discord is left alone.
    if let Some(reason) = shared.halt.reason() {
        shared.health.set(Part::Gateway, Condition::Failed(reason.clone()));
    }
}

/// Everything up to the connection to the gateway.
async fn begin(settings: &Settings, shared: &Shared, budget: &mut Budget) -> Result<Session, End> {
    let http = rest::client(&settings.token, settings.rest.as_ref(), settings.timings.request)?;
    let gate = permission(settings, shared, budget, &http).await?;
    let host = gate.url.host_str().unwrap_or_default();
    waiting(&shared.health, Reason::new("gateway-connecting").with("host", host));
    let session = Session::open(http, gate, settings, shared).await?;
    budget.spend(shared.clock.now());
    shared.metrics.gateway_sessions.inc();
    Ok(session)
}

/// Waits until Discord and the own count allow another IDENTIFY; says where the gateway is.
async fn permission(
    settings: &Settings,
    shared: &Shared,
    budget: &mut Budget,
    http: &Http,
) -> Result<Gate, End> {
    waiting(&shared.health, Reason::new("gateway-asking"));
    loop {
        // serenity's rate limiter repeats a 429 without a bound.
        let asked = shared.clock.timeout(settings.timings.ready, http.get_bot_gateway()).await;
        let Some(asked) = asked else {
            return Err(End::Lost(Reason::new("gateway-not-named")));
        };
        let BotGateway { url, session_start_limit: limit, .. } = asked.map_err(RestError::from)?;
        let wait = budget.wait(&limit, shared.clock.now());
        if wait.is_zero() {
            return gate(settings, &url);
        }
        let reason = Reason::new("gateway-budget")
            .with("seconds", wait.as_secs() + 1)
            .with("remaining", limit.remaining)
            .with("total", limit.total);
        tracing::info!("{reason}");
        waiting(&shared.health, reason);
        shared.clock.sleep(wait).await;
    }
}

/// The gateway of the endpoint if one is configured, or else the one that Discord named.
fn gate(settings: &Settings, named: &str) -> Result<Gate, End> {
    if let Some(url) = &settings.gateway {
        return Ok(Gate { url: url.clone(), moves: Moves::Stay });
    }
    let url = Url::parse(named).map_err(|error| {
        End::Lost(Reason::new("gateway-no-address").with("url", named).with("error", error.to_string()))
    })?;
    match &settings.rest {
        Some(_) => Ok(Gate { url, moves: Moves::Stay }),
        None if is_discords(&url) => Ok(Gate { url, moves: Moves::Follow }),
        None => Err(End::Lost(Reason::new("gateway-not-discords").with("url", named))),
    }
}

/// Says that there is no session yet, and why.
pub(super) fn waiting(health: &Health, reason: Reason) {
    health.set(Part::Gateway, Condition::Waiting(reason));
}
