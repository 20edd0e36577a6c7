//! Answers a command. Invariants: the answer is for the caller's eyes; if their interaction is over before it
//! can be given, it goes to the channel in which they asked, since it would be lost otherwise.

use poise::CreateReply;
use serenity::all::{CreateAllowedMentions, CreateEmbed, CreateMessage, Mentionable};

use super::{CommandError, Context, language};
use crate::discord::rest::RestError;

/// Discord's blurple, for answers that say neither good nor bad.
pub(super) const NEUTRAL: u32 = 0x58_65_F2;

/// Gives the caller `embed`.
pub(super) async fn answer(ctx: Context<'_>, embed: CreateEmbed) -> Result<(), CommandError> {
    let reply = CreateReply::default().embed(embed.clone()).ephemeral(true);
    let Err(error) = ctx.send(reply).await else {
        return Ok(());
    };
    match RestError::from(error) {
        over @ RestError::InteractionOver(_) => {
            tracing::info!(error = %over, command = ctx.command().name.as_ref(), "answering in the channel instead");
            let asker = ctx.author().mention().to_string();
            let command = ctx.command().qualified_name.to_string();
            let text =
                language(ctx).text("answer-late", &[("asker", asker.into()), ("command", command.into())]);
            let message = CreateMessage::new()
                .content(text)
                .embed(embed)
                .allowed_mentions(CreateAllowedMentions::new());
            ctx.channel_id().send_message(ctx.http(), message).await?;
            Ok(())
        }
        error => Err(CommandError::Discord(error)),
    }
}
