//! `/help`: which commands there are.

use serenity::all::CreateEmbed;

use super::{
    CommandError, Context,
    answer::{NEUTRAL, answer},
    language,
};

/// Lists the commands.
#[poise::command(slash_command)]
pub(super) async fn help(ctx: Context<'_>) -> Result<(), CommandError> {
    let language = language(ctx);
    let line = |command: &super::Command| {
        format!("**/{}** · {}", command.name, language.text(&format!("{}-description", command.name), &[]))
    };
    let lines: Vec<String> = ctx.framework().options().commands.iter().map(line).collect();
    let title = language.text("help-title", &[]);
    answer(ctx, CreateEmbed::new().title(title).description(lines.join("\n")).color(NEUTRAL)).await
}
