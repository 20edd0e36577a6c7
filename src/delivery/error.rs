//! How a request to Discord can fail. Invariant: an error says whether the request may have acted
//! nevertheless; what is not certain counts as possible.

use std::time::Duration;

use serde_json::Value;

use super::buckets::Scope;

/// Why there is no sender.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The token can't stand in a header.
    #[error(
        "the Discord token holds a character that no token has; look into the file that [discord] token_file names"
    )]
    Token,
    /// The User-Agent can't stand in a header.
    #[error("the User-Agent '{0}' holds a character that no header can carry")]
    UserAgent(String),
    /// The system's certificate authorities can't be read.
    #[error(
        "no certificate authorities to check Discord's certificate with: {0}; install ca-certificates or set SSL_CERT_FILE"
    )]
    Roots(std::io::Error),
}

/// Whether a failed request may have changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acted {
    /// It certainly did not.
    No,
    /// It may have.
    Unknown,
}

/// Why a request did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// All traffic with Discord has been stopped; nothing was sent.
    #[error("Discord is left alone: {0}")]
    Halted(String),
    /// 401: the token is refused. All traffic has been stopped.
    #[error("Discord refused the bot's token: {0}")]
    Unauthorized(String),
    /// 429: a rate limit was met; the next request waits for it.
    #[error("Discord's rate limit ({scope:?}) asks to wait {wait:?}")]
    RateLimited {
        /// What the limit covers.
        scope: Scope,
        /// How long it lasts.
        wait: Duration,
    },
    /// Any other 4xx: Discord understood and refused.
    #[error("Discord refused the request: {status}, code {code}: {message}{}", details(.errors))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Discord's own code (<https://docs.discord.com/developers/topics/opcodes-and-status-codes#json>);
        /// 0 where it gave none.
        code: u64,
        /// What it says.
        message: String,
        /// Which fields are wrong, for code 50035; else null.
        errors: Value,
    },
    /// 5xx: Discord is in trouble.
    #[error("Discord has an error of its own: {0}")]
    Server(u16),
    /// No answer came.
    #[error("no answer from Discord: {text}")]
    Network {
        /// What went wrong.
        text: String,
        /// Whether the request may have reached it.
        acted: Acted,
    },
    /// No whole answer came in time.
    #[error("no answer from Discord within {0:?}")]
    TimedOut(Duration),
    /// An answer came that is not what the API gives.
    #[error("an answer of Discord that can't be read: {0}")]
    Unreadable(String),
}

impl RestError {
    /// Whether the request may have acted.
    pub const fn acted(&self) -> Acted {
        match self {
            Self::Halted(_) | Self::Unauthorized(_) | Self::RateLimited { .. } | Self::Refused { .. } => {
                Acted::No
            }
            Self::Network { acted, .. } => *acted,
            Self::Server(_) | Self::TimedOut(_) | Self::Unreadable(_) => Acted::Unknown,
        }
    }
}

fn details(errors: &Value) -> String {
    if errors.is_null() { String::new() } else { format!(" {errors}") }
}
