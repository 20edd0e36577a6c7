//! One client of serenity with poise's framework, from its making to its end.
//!
//! Invariants: serenity is given the relay's address, never its own fallback `wss://gateway.discord.gg`;
//! a setup of poise that fails or never runs ends the session, because poise would be online but deaf;
//! no task of serenity outlives the session; shutting down has a deadline.

use std::time::{Duration, Instant};

use serenity::{
    Client,
    all::{ClientBuilder, GatewayIntents},
    http::Http,
};
use tokio::sync::oneshot;

use super::{
    commands,
    latency::Latency,
    relay::{Gate, Limits, Relay, State},
    rest::RestError,
    session::{End, Settings, Shared, Timings, waiting},
    setup::Setup,
    undecodable::Undecodable,
};
use crate::{
    clock::Clock,
    health::{Condition, Part},
    reason::Reason,
};

/// How long serenity may take to close a session: it waits 5 s for each of two confirmations.
const CLOSING: Duration = Duration::from_secs(30);

/// A session whose connection is about to be made.
pub(super) struct Session {
    client: Client,
    relay: Relay,
    set_up: oneshot::Receiver<Result<(), RestError>>,
}

impl Session {
    /// Makes relay and client; connects nothing yet.
    pub(super) async fn open(
        http: Http,
        gate: Gate,
        settings: &Settings,
        shared: &Shared,
    ) -> Result<Self, End> {
        let Timings { dial, ready, acknowledge, settled, .. } = settings.timings;
        let latency = Latency::default();
        let limits = Limits { dial, ready, acknowledge, settled };
        let relay = Relay::open(gate, limits, shared.clock.clone(), latency.clone())
            .await
            .map_err(|error| End::Lost(Reason::new("gateway-no-relay").with("error", error.to_string())))?;
        let (done, set_up) = oneshot::channel();
        let setup = Setup { settings: settings.clone(), shared: shared.clone(), latency, done };
        let building = ClientBuilder::new_with_http(http, GatewayIntents::empty())
            .framework(commands::framework(setup))
            .raw_event_handler(Undecodable(shared.metrics.clone()));
        let client = match shared.clock.timeout(settings.timings.ready, building.into_future()).await {
            Some(client) => client.map_err(RestError::from)?,
            None => return Err(End::Lost(Reason::new("gateway-no-client"))),
        };
        client.ws_url.lock().await.clone_from(&relay.url);
        Ok(Self { client, relay, set_up })
    }

    /// Runs until the session is over or `stop` says so; also says for how long it was good.
    pub(super) async fn keep(
        mut self,
        shared: &Shared,
        timings: &Timings,
        stop: impl Future<Output = ()>,
    ) -> (End, Duration) {
        let mut good_since = None;
        let end = tokio::select! {
            end = self.watch(shared, timings, &mut good_since) => end,
            () = stop => End::Stopped,
        };
        shared.metrics.gateway_connected.set(0);
        // It goes on aside if it takes longer: given up, serenity would knock at the relay for ever.
        let closing = tokio::spawn(self.close(shared.clock.clone()));
        match shared.clock.timeout(timings.shutdown, closing).await {
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::error!(%error, "closing a session panicked; report this"),
            None => tracing::info!("serenity takes its time to close a session; nobody waits for it"),
        }
        (end, good_since.map_or(Duration::ZERO, |since: Instant| since.elapsed()))
    }

    async fn watch(&mut self, shared: &Shared, timings: &Timings, good_since: &mut Option<Instant>) -> End {
        let Self { client, relay, set_up } = self;
        let start = client.start();
        // The relay sees to READY in time; this is for a READY that serenity can't read, and for the setup.
        let deadline = shared.clock.sleep(timings.ready * 3);
        tokio::pin!(start, deadline);
        let mut is_set_up = false;
        loop {
            let state = relay.state.borrow_and_update().clone();
            let connected = state == State::Established;
            shared.metrics.gateway_connected.set(connected.into());
            match state {
                State::Ended(cause) => return cause.into(),
                State::Interrupted(why) => {
                    waiting(&shared.health, Reason::new("gateway-resuming").with("reason", why));
                }
                State::Established if is_set_up => {
                    good_since.get_or_insert_with(Instant::now);
                    if shared.health.set(Part::Gateway, Condition::Ok) {
                        tracing::info!("the session with Discord's gateway is up");
                    }
                }
                State::Established => waiting(&shared.health, Reason::new("gateway-registering")),
                State::Connecting => {}
            }
            tokio::select! {
                changed = relay.state.changed() => if changed.is_err() {
                    return End::Lost(Reason::new("gateway-relay-gone"));
                },
                // What the relay saw is truer than how serenity puts it, and comes first.
                result = &mut start => if !matches!(*relay.state.borrow(), State::Ended(_)) {
                    return End::Lost(match result {
                        Ok(()) => Reason::new("gateway-ended"),
                        Err(error) => Reason::new("gateway-given-up").with("error", error.to_string()),
                    });
                },
                result = &mut *set_up, if !is_set_up => match result {
                    Ok(Ok(())) => is_set_up = true,
                    Ok(Err(error)) => return error.into(),
                    Err(_) => return End::Lost(Reason::new("gateway-setup-panicked")),
                },
                () = &mut deadline, if !is_set_up => {
                    return End::Lost(Reason::new("gateway-setup-late"));
                },
            }
        }
    }

    /// Ends serenity's tasks. The relay is there until then, to answer them.
    async fn close(self, clock: Clock) {
        let manager = self.client.shard_manager.clone();
        let closing = async {
            // serenity ignores the request while it has no runner, and would go on connecting for ever.
            while manager.runners.lock().await.is_empty() {
                clock.sleep(Duration::from_millis(10)).await;
            }
            manager.shutdown_all().await;
        };
        if clock.timeout(CLOSING, closing).await.is_some() {
            tracing::debug!("serenity has closed its session");
        } else {
            tracing::warn!("serenity did not close its session; a task of it is left behind");
        }
    }
}
