//! serenity's REST client, made safe. Invariants: every request has a time-out; when an endpoint is
//! configured, serenity's rate limiter is off, because it ignores the proxy setting and would carry the
//! token to the real Discord; an error becomes text without its address, which may hold the token of an
//! interaction.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serenity::http::{Http, HttpBuilder, HttpError};
use url::Url;

use crate::{halt::TOKEN_REFUSED, reason::Reason};

/// What Discord's REST API answered instead of what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RestError {
    /// 401 on a route that the bot's token authorises.
    #[error("{TOKEN_REFUSED}")]
    TokenRefused,
    /// The interaction's token has run out or is not known any more.
    #[error("{0}")]
    InteractionOver(Reason),
    /// Anything else.
    #[error("{0}")]
    Other(Reason),
}

impl RestError {
    fn over(answer: String) -> Self {
        Self::InteractionOver(Reason::new("discord-interaction-over").with("answer", answer))
    }

    /// What was answered.
    pub(super) fn reason(self) -> Reason {
        match self {
            Self::TokenRefused => TOKEN_REFUSED,
            Self::InteractionOver(reason) | Self::Other(reason) => reason,
        }
    }
}

/// A REST client for `endpoint`, or for the real Discord.
pub(super) fn client(
    token: &SecretString,
    endpoint: Option<&Url>,
    time_out: Duration,
) -> Result<Http, RestError> {
    let client = reqwest::Client::builder()
        .connect_timeout(time_out)
        .timeout(time_out)
        .pool_max_idle_per_host(1)
        // Reading the system's certificates costs time and memory that a plain endpoint has no use for.
        .tls_built_in_root_certs(endpoint.is_none_or(|endpoint| endpoint.scheme() == "https"))
        .build()
        .map_err(|error| {
            RestError::Other(Reason::new("discord-no-client").with("error", error.to_string()))
        })?;
    let http = HttpBuilder::new(token.expose_secret()).client(client);
    Ok(match endpoint {
        Some(endpoint) => http.proxy(endpoint.as_str()).ratelimiter_disabled(true).build(),
        None => http.build(),
    })
}

impl From<serenity::Error> for RestError {
    fn from(error: serenity::Error) -> Self {
        Self::Other(match error {
            serenity::Error::Http(error) => return error.into(),
            serenity::Error::Json(error) => {
                Reason::new("discord-other-form").with("error", error.to_string())
            }
            other => Reason::new("discord-serenity").with("error", other.to_string()),
        })
    }
}

impl From<HttpError> for RestError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::UnsuccessfulRequest(answer) => {
                let (status, code) = (answer.status_code, answer.error.code);
                let text = format!("{status} ({code}: {})", answer.error.message);
                match (status.as_u16(), code) {
                    // Unknown webhook, unknown interaction, invalid webhook token.
                    (_, 10015 | 10062 | 50027) => Self::over(text),
                    (401, _) if is_of_an_interaction(&answer.url) => Self::over(text),
                    (401, _) => Self::TokenRefused,
                    // Without its limiter serenity does not read the answer's own words.
                    (429, _) => Self::Other(Reason::new("discord-rate-limit")),
                    _ => Self::Other(Reason::new("discord-answered").with("answer", text)),
                }
            }
            HttpError::Request(error) => {
                let error = error.without_url();
                let mut cause: &dyn std::error::Error = &error;
                while let Some(deeper) = cause.source() {
                    cause = deeper;
                }
                Self::Other(Reason::new("discord-silent").with("error", format!("{error}: {cause}")))
            }
            other => Self::Other(Reason::new("discord-serenity").with("error", other.to_string())),
        }
    }
}

/// Whether an interaction's own token authorises this route, not the bot's
/// (<https://docs.discord.com/developers/interactions/receiving-and-responding#endpoints>).
fn is_of_an_interaction(url: &str) -> bool {
    let (_, route) = url.split_once("/api/v10/").unwrap_or_default();
    route.starts_with("interactions/") || route.starts_with("webhooks/")
}
