//! How a request to Discord can fail. Invariant: an error says whether the request may have acted
//! nevertheless; what is not certain counts as possible.

use std::time::Duration;

use serde_json::Value;

use super::buckets::Scope;
use crate::reason::Reason;

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
#[error("{}", self.reason())]
pub enum RestError {
    /// All traffic with Discord has been stopped; nothing was sent.
    Halted(Reason),
    /// 401: the token is refused. All traffic has been stopped.
    Unauthorized(String),
    /// 429: a rate limit was met; the next request waits for it.
    RateLimited {
        /// What the limit covers.
        scope: Scope,
        /// How long it lasts.
        wait: Duration,
    },
    /// Any other 4xx: Discord understood and refused.
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
    Server(u16),
    /// No answer came.
    Network {
        /// What went wrong.
        text: String,
        /// Whether the request may have reached it.
        acted: Acted,
    },
    /// No whole answer came in time.
    TimedOut(Duration),
    /// An answer came that is not what the API gives.
    Unreadable(Reason),
}

impl RestError {
    /// Why, for those who wait for the message.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Halted(reason) => Reason::new("delivery-halted").with("reason", reason.clone()),
            Self::Unauthorized(words) => Reason::new("delivery-unauthorized").with("words", words.as_str()),
            Self::RateLimited { scope, wait } => Reason::new("delivery-rate-limit")
                .with("scope", format!("{scope:?}"))
                .with("wait", format!("{wait:?}")),
            Self::Refused { status, code, message, errors } => Reason::new("delivery-refused")
                .with("status", u64::from(*status))
                .with("code", *code)
                .with("words", format!("{message}{}", details(errors))),
            Self::Server(status) => Reason::new("delivery-server-error").with("status", u64::from(*status)),
            Self::Network { text, .. } => Reason::new("delivery-no-answer").with("error", text.as_str()),
            Self::TimedOut(limit) => Reason::new("delivery-late").with("limit", format!("{limit:?}")),
            Self::Unreadable(reason) => Reason::new("delivery-unreadable").with("reason", reason.clone()),
        }
    }

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
