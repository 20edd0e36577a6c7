//! What is to be done about an answer of Discord's that is no success. Invariant: only what Discord itself finds
//! invalid or gone is given up; all that may pass is tried again.

use super::{error::RestError, lookup::UNKNOWN_MESSAGE, refusal::Refusal};

/// What an error asks for.
pub(super) enum Remedy {
    /// The rate limit's own wait.
    Wait,
    /// Leaving Discord alone.
    Stop,
    Retry,
    /// A person must give the bot access to the channel.
    Park(Refusal),
    /// The message does not exist any more.
    Gone,
    /// Discord finds the message invalid.
    Unfit,
}

/// What `error` asks for; the codes are those of
/// <https://docs.discord.com/developers/topics/opcodes-and-status-codes#json>.
pub(super) fn remedy(error: &RestError) -> Remedy {
    let &RestError::Refused { status, code, .. } = error else {
        return match error {
            RestError::RateLimited { .. } => Remedy::Wait,
            RestError::Halted(_) | RestError::Unauthorized(_) => Remedy::Stop,
            _ => Remedy::Retry,
        };
    };
    match code {
        10003 => Remedy::Park(Refusal::Missing),
        50001 => Remedy::Park(Refusal::Unseen),
        50008 | 50024 | 50083 => Remedy::Park(Refusal::NoText),
        50013 => Remedy::Park(Refusal::Forbidden),
        // Unknown message; a message of another author, whom a new token may have made of us.
        UNKNOWN_MESSAGE | 50005 => Remedy::Gone,
        // Slow mode, write limits, too many edits of old messages, overloaded resources.
        20016 | 20028 | 20029 | 30046 | 40062 | 130_000 => Remedy::Retry,
        _ if matches!(status, 400 | 413) => Remedy::Unfit,
        _ if matches!(status, 403..=405) => Remedy::Park(Refusal::Other),
        _ => Remedy::Retry,
    }
}
