//! Tells Discord which commands there are. Invariants: they belong to the guild, and only there (a global
//! twin would show each command twice); they are written only when they changed or Discord lost them,
//! because it allows 200 new ones a day (docs, "Application Commands: Registering a Command").

use data_encoding::HEXLOWER;
use serenity::{
    all::{ApplicationId, CreateCommand, GuildId},
    http::Http,
};
use sha2::{Digest, Sha256};

use super::{commands::Command, rest::RestError, session::Backing};
use crate::reason::Reason;

/// Registers `commands` in `guild` unless they are there already.
pub(super) async fn register(
    http: &Http,
    guild: GuildId,
    commands: &[Command],
    backing: &dyn Backing,
) -> Result<(), RestError> {
    let commands = poise::builtins::create_application_commands(commands);
    let application = http.application_id().map_or(0, ApplicationId::get);
    let key = format!("commands:{application}:{guild}");
    let hash = fingerprint(&commands)?;
    let known = backing.recall(&key).await.unwrap_or_else(|error| {
        tracing::warn!(error, "can't tell whether the commands changed; registering them");
        None
    });
    if known.as_ref() == Some(&hash) && http.get_guild_commands(guild).await?.len() == commands.len() {
        tracing::debug!(%guild, "the commands are registered already");
        return Ok(());
    }
    http.create_guild_commands(guild, &commands).await?;
    if !http.get_global_commands().await?.is_empty() {
        http.create_global_commands(&Vec::<CreateCommand>::new()).await?;
        tracing::info!("removed the application's global commands, which showed beside those of the guild");
    }
    tracing::info!(%guild, count = commands.len(), "registered the commands");
    if let Err(error) = backing.remember(&key, &hash).await {
        tracing::warn!(error, "can't keep which commands were registered; they will be registered again");
    }
    Ok(())
}

/// Changes whenever the commands do.
fn fingerprint(commands: &[CreateCommand]) -> Result<String, RestError> {
    let text = serde_json::to_vec(commands).map_err(|error| {
        RestError::Other(Reason::new("discord-commands-unwritable").with("error", error.to_string()))
    })?;
    Ok(HEXLOWER.encode(&Sha256::digest(text)))
}
