//! `/status`: how Vigie is.

use std::time::Duration;

use serenity::all::CreateEmbed;

use super::{CommandError, Context, UserError, answer::answer, language};
use crate::{
    discord::session::Counts,
    health::{Condition, Part},
    language::Language,
    span::span,
};

/// How long the store may take to count.
const COUNTING: Duration = Duration::from_secs(5);
/// So that all parts fit an embed's 4096 characters, however long a reason is.
const REASON: usize = 700;

/// Tells how each part is, the version, how long Vigie runs and what waits.
#[poise::command(slash_command)]
pub(super) async fn status(ctx: Context<'_>) -> Result<(), CommandError> {
    // A busy store may take longer than the three seconds that Discord gives.
    ctx.defer_ephemeral().await?;
    let language = language(ctx);
    let shared = &ctx.data().shared;
    let parts = shared.health.snapshot();
    let counts = match shared.clock.timeout(COUNTING, shared.backing.counts()).await {
        Some(Ok(counts)) => waiting(counts, language),
        Some(Err(error)) => {
            tracing::warn!(error, "can't count what waits in the store");
            UserError::StoreUnavailable.text(language)
        }
        None => UserError::StoreUnavailable.text(language),
    };
    let up = shared.clock.now().duration_since(shared.started).unsigned_abs();
    let lines: Vec<String> = parts.iter().map(|(part, condition)| line(*part, condition, language)).collect();
    let embed = CreateEmbed::new()
        .title(format!("Vigie {}", env!("CARGO_PKG_VERSION")))
        .description(lines.join("\n"))
        .field(language.text("status-waiting", &[]), counts, true)
        .field(language.text("status-uptime", &[]), span(up, language), true)
        .color(colour(parts.values()));
    answer(ctx, embed).await
}

fn line(part: Part, condition: &Condition, language: Language) -> String {
    let name = language.text(&format!("status-part-{}", part.as_str()), &[]);
    let (mark, state, reason) = match condition {
        Condition::Ok => ("🟢", "status-state-ok", None),
        Condition::Unconfigured(reason) => return format!("⚪ **{name}** · {}", reason.text(language)),
        Condition::Warning(reason) => ("🟡", "status-state-warning", Some(reason)),
        Condition::Waiting(reason) => ("🟠", "status-state-waiting", Some(reason)),
        Condition::Failed(reason) => ("🔴", "status-state-failed", Some(reason)),
    };
    let state = language.text(state, &[]);
    let Some(reason) = reason else { return format!("{mark} **{name}** · {state}") };
    let reason: String = reason.text(language).chars().take(REASON).collect();
    let why = language.text("status-reason", &[("state", state.into()), ("reason", reason.into())]);
    format!("{mark} **{name}** · {why}")
}

/// Green, yellow or red: the worst of the parts.
fn colour<'a>(mut conditions: impl Iterator<Item = &'a Condition> + Clone) -> u32 {
    if conditions.clone().any(|condition| matches!(condition, Condition::Failed(_))) {
        0xED_42_45
    } else if conditions.any(|condition| !condition.is_well()) {
        0xFE_E7_5C
    } else {
        0x57_F2_87
    }
}

fn waiting(counts: Counts, language: Language) -> String {
    let Counts { inbox_pending, outbox_pending, outbox_parked } = counts;
    language.text(
        "status-counts",
        &[
            ("inbox", inbox_pending.into()),
            ("outbox", outbox_pending.into()),
            ("parked", outbox_parked.into()),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Reason;

    fn reason() -> Reason {
        Reason::new("starting")
    }

    #[test]
    fn a_reason_is_joined_as_the_language_does_it() {
        let texts = Language::ALL.map(|language| line(Part::Store, &Condition::Failed(reason()), language));
        assert_eq!(texts, ["🔴 **Store** · failed: starting", "🔴 **Base** · en panne : démarrage en cours"]);
    }

    #[test]
    fn every_part_in_every_state_has_its_words() {
        for language in Language::ALL {
            for part in [Part::Store, Part::Gateway, Part::Delivery, Part::Lease, Part::Sources] {
                for condition in [
                    Condition::Ok,
                    Condition::Unconfigured(reason()),
                    Condition::Warning(reason()),
                    Condition::Waiting(reason()),
                    Condition::Failed(reason()),
                ] {
                    assert!(!line(part, &condition, language).contains("status-"));
                }
            }
        }
    }
}
