//! Whether a message of unknown outcome is in its channel. Invariant: "it is not there" is said only if
//! Vigie could have seen it. Discord neither keeps nor returns a nonce, so the message is known by the
//! reference in an embed's footer or on a `-#` line, and by its author.

use serde_json::Value;

use super::{error::RestError, rest::Rest};

/// The first millisecond of Discord's ids (<https://docs.discord.com/developers/reference#snowflakes>).
const EPOCH_MS: i64 = 1_420_070_400_000;

/// How far Vigie's clock and Discord's may be apart.
const SKEW_MS: i64 = 15 * 60 * 1000;

/// The most messages that Discord lists at once.
const PAGE: usize = 100;

/// Discord's code for a message that is not there (any more).
pub(super) const UNKNOWN_MESSAGE: u64 = 10008;

/// What a look-up found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The message, by its id.
    Message(u64),
    /// It certainly is not there.
    Nowhere,
    /// The bot may not read the channel's history, so nobody can tell.
    Unknowable,
}

/// Looks for the bot's own message with `reference` among those written since `since_ms`.
pub(super) async fn look_up(
    rest: &Rest,
    channel: u64,
    reference: &str,
    since_ms: i64,
) -> Result<Found, RestError> {
    let bot = id(&rest.get("/users/@me").await?["id"]);
    let start = oldest_id(since_ms);
    let mut after = start;
    loop {
        let page = rest.get(&format!("/channels/{channel}/messages?after={after}&limit={PAGE}")).await?;
        let page = page.as_array().map(Vec::as_slice).unwrap_or_default();
        let ours =
            page.iter().find(|message| id(&message["author"]["id"]) == bot && carries(message, reference));
        if let Some(found) = ours.and_then(|message| id(&message["id"])) {
            return Ok(Found::Message(found));
        }
        let newest = page.iter().filter_map(|message| id(&message["id"])).max();
        match newest {
            Some(newest) if newest > after && page.len() == PAGE => after = newest,
            None if after == start => return see_nothing(rest, channel, start).await,
            _ => return Ok(Found::Nowhere),
        }
    }
}

/// An empty list means that nothing was written, or that the bot lacks `READ_MESSAGE_HISTORY`: Discord does
/// not say which. The channel's last message does: without that right, to read it is refused
/// (<https://docs.discord.com/developers/resources/message#get-channel-message>).
async fn see_nothing(rest: &Rest, channel: u64, start: u64) -> Result<Found, RestError> {
    let last = id(&rest.get(&format!("/channels/{channel}")).await?["last_message_id"]);
    let Some(last) = last.filter(|&last| last >= start) else { return Ok(Found::Nowhere) };
    match rest.get(&format!("/channels/{channel}/messages/{last}")).await {
        Ok(_) | Err(RestError::Refused { code: UNKNOWN_MESSAGE, .. }) => Ok(Found::Nowhere),
        Err(RestError::Refused { status: 403, .. }) => Ok(Found::Unknowable),
        Err(error) => Err(error),
    }
}

/// Whether `message` carries `reference`, as render writes it.
fn carries(message: &Value, reference: &str) -> bool {
    let has = |text: &str| {
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(|word| word == reference)
    };
    let in_footer = message["embeds"]
        .as_array()
        .is_some_and(|embeds| embeds.iter().any(|embed| embed["footer"]["text"].as_str().is_some_and(has)));
    in_footer
        || message["content"]
            .as_str()
            .is_some_and(|content| content.lines().filter_map(|line| line.strip_prefix("-# ")).any(has))
}

/// An id, which Discord writes as a string.
pub(super) fn id(value: &Value) -> Option<u64> {
    value.as_str()?.parse().ok()
}

/// The smallest id that a message written at `since_ms` can have, whoever's clock is ahead.
fn oldest_id(since_ms: i64) -> u64 {
    u64::try_from(since_ms - SKEW_MS - EPOCH_MS).unwrap_or_default() << 22
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reference_is_a_whole_word_of_a_footer_or_a_small_line() {
        let footer = |text: &str| json!({"embeds": [{}, {"footer": {"text": text}}]});
        assert!(carries(&footer("a/b · vg-7k2m9q"), "vg-7k2m9q"));
        assert!(!carries(&footer("a/b · vg-7k2m9qx"), "vg-7k2m9q"));
        assert!(carries(&json!({"content": "Title\n-# vg-7k2m9q"}), "vg-7k2m9q"));
        assert!(!carries(&json!({"content": "who closed vg-7k2m9q?"}), "vg-7k2m9q"));
    }

    #[test]
    fn a_time_becomes_the_smallest_id_of_that_time_less_the_skew() {
        // The example of Discord's reference: 175928847299117063 was made at 1462015105796 ms.
        assert_eq!(oldest_id(1_462_015_105_796 + SKEW_MS), 175_928_847_299_117_063 >> 22 << 22);
        assert_eq!(oldest_id(0), 0);
    }
}
