//! What a close code of the gateway means (docs, "Opcodes and Status Codes: Gateway Close Event Codes").
//! Invariant: a fatal code says what a person must do.

/// What to do after the gateway closed a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The session still lives: RESUME.
    Resume,
    /// The session is gone: IDENTIFY anew.
    Renew,
    /// Never come back; the reason says what a person must do.
    Fatal(String),
}

/// The meaning of `code`; a close frame without one is a connection that broke.
pub(super) fn verdict(code: Option<u16>) -> Verdict {
    let fatal = |what: &str, remedy: &str| {
        let code = code.unwrap_or_default();
        Verdict::Fatal(format!("Discord closed the gateway for good with code {code} ({what}): {remedy}"))
    };
    match code {
        Some(4004) => fatal(
            "authentication failed",
            "the bot's token is not valid; put a new one into the file that [discord] token_file names, then restart Vigie",
        ),
        Some(4010) => fatal("invalid shard", "Vigie is at fault; update it or report this"),
        Some(4011) => fatal(
            "sharding required",
            "the bot is a member of too many guilds; remove it from all but the configured one, then restart Vigie",
        ),
        Some(4012) => fatal("invalid API version", "Discord no longer speaks version 10; update Vigie"),
        Some(4013) => fatal("invalid intents", "Vigie is at fault; update it or report this"),
        Some(4014) => fatal("disallowed intents", "Vigie asks for none; update it or report this"),
        // 1000 and 1001 end a session whoever sends them; 4007 and 4009 say that it is gone.
        Some(1000 | 1001 | 4007 | 4009) => Verdict::Renew,
        _ => Verdict::Resume,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_documented_codes_are_fatal() {
        let fatal = |code: &u16| matches!(verdict(Some(*code)), Verdict::Fatal(_));
        assert_eq!((1000..5000).filter(fatal).collect::<Vec<_>>(), [4004, 4010, 4011, 4012, 4013, 4014]);
    }
}
