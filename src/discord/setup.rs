//! What is done once a session is ready, before the first command is answered: the commands are registered,
//! the roles that routes mention are checked. Invariant: the session hears how it ended, even by a panic
//! (the channel's sender is dropped then).

use serenity::all::{Context, Ready};
use tokio::sync::oneshot;

use super::{
    commands::Command,
    latency::Latency,
    registration,
    rest::RestError,
    roles,
    session::{Settings, Shared},
};
use crate::reason::Reason;

/// What the setup needs and whom it tells.
pub(super) struct Setup {
    pub(super) settings: Settings,
    pub(super) shared: Shared,
    pub(super) latency: Latency,
    pub(super) done: oneshot::Sender<Result<(), RestError>>,
}

impl Setup {
    /// Registers and checks.
    pub(super) async fn prepare(
        settings: &Settings,
        shared: &Shared,
        (ctx, ready): (&Context, &Ready),
        commands: &[Command],
    ) -> Result<(), RestError> {
        let backing = shared.backing.as_ref();
        let work = async {
            registration::register(&ctx.http, settings.guild.into(), commands, backing).await?;
            roles::report(&ctx.http, settings, ready.user.id, backing).await
        };
        // serenity's rate limiter repeats a 429 without a bound.
        shared.clock.timeout(settings.timings.ready, work).await.unwrap_or_else(|| {
            let limit = format!("{:?}", settings.timings.ready);
            Err(RestError::Other(Reason::new("discord-commands-late").with("limit", limit)))
        })
    }
}
