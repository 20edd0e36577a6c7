//! `/ping`: whether Vigie is there and how fast Discord is.

use std::time::{Duration, Instant};

use fluent_bundle::FluentValue;
use serenity::all::CreateEmbed;

use super::{
    CommandError, Context,
    answer::{NEUTRAL, answer},
    language,
};

/// Tells the gateway's latency and how long one REST request takes.
#[poise::command(slash_command)]
pub(super) async fn ping(ctx: Context<'_>) -> Result<(), CommandError> {
    let language = language(ctx);
    let asked = Instant::now();
    // Also what is measured: one request and its answer.
    ctx.defer_ephemeral().await?;
    let rest = asked.elapsed();
    let gateway = match ctx.data().latency.get() {
        Some(latency) => language.text("ping-gateway", &[("milliseconds", milliseconds(latency))]),
        None => language.text("ping-gateway-unknown", &[]),
    };
    let rest = language.text("ping-rest", &[("milliseconds", milliseconds(rest))]);
    let title = language.text("ping-title", &[]);
    answer(ctx, CreateEmbed::new().title(title).description(format!("{gateway}\n{rest}")).color(NEUTRAL))
        .await
}

fn milliseconds(duration: Duration) -> FluentValue<'static> {
    FluentValue::from(format!("{:.1}", duration.as_secs_f64() * 1000.0))
}
