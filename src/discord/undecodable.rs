//! Notices gateway events that serenity 0.12 drops without a word: one that it can't read becomes
//! `Event::Unknown` and reaches nobody. Invariant: each such event is counted and logged.

use serenity::{
    all::{Context, Event, RawEventHandler},
    async_trait,
};

use crate::telemetry::{KindLabel, Metrics};

/// The events that Discord sends to a bot without intents and that serenity has a type for.
const KNOWN: [&str; 10] = [
    "APPLICATION_COMMAND_PERMISSIONS_UPDATE",
    "ENTITLEMENT_CREATE",
    "ENTITLEMENT_DELETE",
    "ENTITLEMENT_UPDATE",
    "GUILD_MEMBERS_CHUNK",
    "INTERACTION_CREATE",
    "READY",
    "RESUMED",
    "USER_UPDATE",
    "VOICE_SERVER_UPDATE",
];

/// Counts undecodable events.
pub(super) struct Undecodable(pub(super) Metrics);

#[async_trait]
impl RawEventHandler for Undecodable {
    async fn raw_event(&self, _: Context, event: Event) {
        if let Event::Unknown(event) = event
            && KNOWN.contains(&event.kind.as_str())
        {
            tracing::warn!(
                kind = event.kind,
                "could not read an event of the gateway, so it is lost; its form has changed: update Vigie"
            );
            self.0.gateway_undecodable.get_or_create(&KindLabel { kind: event.kind }).inc();
        }
    }
}
