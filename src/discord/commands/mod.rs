//! What people type. Invariants: names are English, descriptions and answers are in the caller's language;
//! an answer mentions nobody; a person always gets an answer or, if their interaction is over, its result
//! in the channel; a panic or an error of one command touches no other; what a person reads is a
//! [`UserError`], what went wrong inside goes to the log.

mod answer;
mod error;
mod help;
mod ping;
mod status;

use poise::{Framework, FrameworkOptions};
use serenity::all::CreateAllowedMentions;

pub(super) use self::error::{CommandError, UserError};
use super::{buttons, latency::Latency, permissions::Permissions, session::Shared, setup::Setup};
use crate::language::Language;

/// What every command can reach.
pub(super) struct Data {
    pub(super) shared: Shared,
    pub(super) latency: Latency,
    pub(super) permissions: Permissions,
}

/// A command as poise knows it.
pub(super) type Command = poise::Command<Data, CommandError>;

/// One use of a command.
type Context<'a> = poise::Context<'a, Data, CommandError>;

/// Every command, with its descriptions.
pub(super) fn all() -> Vec<Command> {
    [help::help(), ping::ping(), status::status()].map(described).into()
}

/// Takes a command's descriptions from the languages: `<name>-description`.
fn described(mut command: Command) -> Command {
    let key = format!("{}-description", command.name);
    command.description = Some(Language::En.text(&key, &[]).into());
    command.description_localizations =
        vec![(Language::Fr.as_str().into(), Language::Fr.text(&key, &[]).into())].into();
    command
}

/// The caller's language.
fn language(ctx: Context<'_>) -> Language {
    ctx.locale().map_or(Language::En, Language::from_locale)
}

/// poise's framework with every command.
pub(super) fn framework(setup: Setup) -> Framework<Data, CommandError> {
    let options = FrameworkOptions {
        commands: all(),
        on_error: |error| Box::pin(error::handle(error)),
        event_handler: |framework, event| {
            Box::pin(async move {
                buttons::hear(framework.serenity_context, framework.user_data, event).await;
                Ok(())
            })
        },
        allowed_mentions: Some(CreateAllowedMentions::new()),
        ..FrameworkOptions::default()
    };
    Framework::builder()
        .options(options)
        // It would ask for the application at every start, for owners that nothing here uses.
        .initialize_owners(false)
        .setup(move |ctx, ready, framework| {
            Box::pin(async move {
                let Setup { settings, shared, latency, done } = setup;
                let commands = &framework.options().commands;
                let prepared = Setup::prepare(&settings, &shared, (ctx, ready), commands).await;
                if done.send(prepared.clone()).is_err() {
                    tracing::debug!("the session ended before its commands were prepared");
                }
                prepared.map_err(CommandError::Discord)?;
                Ok(Data { shared, latency, permissions: settings.permissions })
            })
        })
        .build()
}
