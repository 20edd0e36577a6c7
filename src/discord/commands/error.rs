//! What goes wrong in commands, and who is told what.

use poise::FrameworkError;
use serenity::all::{CreateInteractionResponse, CreateInteractionResponseMessage};

use super::{Context, Data, language};
use crate::{discord::rest::RestError, halt::TOKEN_REFUSED, language::Language};

/// What a person reads when their command fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::discord) enum UserError {
    /// The store does not answer.
    #[error("the store does not answer")]
    StoreUnavailable,
    /// Discord still shows a command as another release of Vigie knew it.
    #[error("the command is not known in this form")]
    CommandOutdated,
    /// A fault of Vigie.
    #[error("a fault of Vigie")]
    Fault,
}

impl UserError {
    /// The text for a person.
    pub(super) fn text(self, language: Language) -> String {
        let key = match self {
            Self::StoreUnavailable => "error-store-unavailable",
            Self::CommandOutdated => "error-command-outdated",
            Self::Fault => "error-fault",
        };
        language.text(key, &[])
    }
}

/// Why a command did not end well.
#[derive(Debug, thiserror::Error)]
pub(in crate::discord) enum CommandError {
    /// The person is told.
    #[error(transparent)]
    User(#[from] UserError),
    /// Discord did not take what Vigie sent.
    #[error(transparent)]
    Discord(RestError),
}

impl From<serenity::Error> for CommandError {
    fn from(error: serenity::Error) -> Self {
        Self::Discord(error.into())
    }
}

/// Logs what poise reports, and tells the person.
pub(super) async fn handle(error: FrameworkError<'_, Data, CommandError>) {
    match error {
        // The session heard of it and begins anew.
        FrameworkError::Setup { .. } => {}
        FrameworkError::Command { error: CommandError::User(error), ctx, .. } => {
            tracing::warn!(command = ctx.command().name.as_ref(), %error, "a command failed");
            tell(ctx, error).await;
        }
        FrameworkError::Command { error: CommandError::Discord(error), ctx, .. } => {
            trouble(ctx.data(), &ctx.command().name, &error);
        }
        FrameworkError::CommandPanic { payload, ctx, .. } => {
            let payload = payload.unwrap_or_default();
            tracing::error!(
                command = ctx.command().name.as_ref(),
                payload,
                "a command panicked; report this"
            );
            tell(ctx, UserError::Fault).await;
        }
        FrameworkError::CommandStructureMismatch { description, ctx, .. } => {
            tracing::warn!(
                command = ctx.command().name.as_ref(),
                description,
                "a command came in an old form"
            );
            tell(ctx.into(), UserError::CommandOutdated).await;
        }
        FrameworkError::UnknownInteraction { framework, interaction, .. } => {
            tracing::warn!(
                command = interaction.data.name,
                "Discord sent a command that Vigie does not have"
            );
            let text = UserError::CommandOutdated.text(Language::from_locale(&interaction.locale));
            let message = CreateInteractionResponseMessage::new().content(text).ephemeral(true);
            let response = CreateInteractionResponse::Message(message);
            if let Err(error) = interaction.create_response(framework.serenity_context, response).await {
                trouble(framework.user_data, &interaction.data.name, &error.into());
            }
        }
        other => {
            tracing::error!(error = %other, "poise reported what Vigie does not expect; report this");
            if let Some(ctx) = other.ctx() {
                tell(ctx, UserError::Fault).await;
            }
        }
    }
}

async fn tell(ctx: Context<'_>, error: UserError) {
    let reply = poise::CreateReply::default().content(error.text(language(ctx))).ephemeral(true);
    if let Err(error) = ctx.send(reply).await {
        trouble(ctx.data(), &ctx.command().name, &error.into());
    }
}

/// Discord did not take an answer. A refused token stops everything; an interaction that is over only itself.
fn trouble(data: &Data, command: &str, error: &RestError) {
    match error {
        RestError::TokenRefused => data.shared.halt.halt(TOKEN_REFUSED),
        RestError::InteractionOver(_) => tracing::info!(command, %error, "a command could not be answered"),
        RestError::Other(_) => tracing::warn!(command, %error, "a command could not be answered"),
    }
}
