//! One system's HTTP API. Invariants: every request has a time-out and every answer a bound; a token is read from
//! its file anew for each request, so that one which comes later, or is changed, is used; no token stands in an
//! error or in the log.

use std::{io, path::PathBuf, time::Duration};

use bytes::Bytes;
use data_encoding::BASE64;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT},
};
use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;
use url::Url;

use crate::{
    clock::Clock,
    wire::{Wire, chain},
};

/// How Vigie presents itself.
const AGENT: &str = concat!("vigie/", env!("CARGO_PKG_VERSION"));

const CONNECT: Duration = Duration::from_secs(5);

/// How long an answer may take in all.
const ANSWER: Duration = Duration::from_secs(20);

/// The largest answer that is read.
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;

/// How much of a refusal's text is told.
const TOLD: usize = 300;

/// What opens the API, read from a file that may come later.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Nothing is needed.
    None,
    /// `Authorization: Bearer` with what the file holds.
    Bearer(PathBuf),
    /// `Authorization: Basic` without a user, with what the file holds as password (Uptime Kuma's API keys).
    Password(PathBuf),
}

/// Why a system could not be asked. The text says what to do.
#[derive(Debug, Error)]
pub enum AskError {
    /// The system's certificate authorities can't be read.
    #[error(
        "no certificate authorities to check {0} with: {1}; install ca-certificates or set SSL_CERT_FILE"
    )]
    Roots(String, io::Error),
    /// The file with the token is not there, or holds no token.
    #[error("{} can't be used as the token for {url}: {reason}; it is read again with the next request", path.display())]
    Token {
        /// The system.
        url: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It was not reached, or the answer broke off.
    #[error("{url} can't be reached: {reason}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// Why.
        reason: String,
    },
    /// It refused, or is in trouble itself.
    #[error("{url} answered {status}: {text}")]
    Refused {
        /// What was asked.
        url: String,
        /// The HTTP status.
        status: StatusCode,
        /// What it says, cut.
        text: String,
    },
    /// Its answer is not what this API gives.
    #[error(
        "{url} gave an answer that can't be read: {reason}; is this the right address, and a version that Vigie knows?"
    )]
    Unreadable {
        /// What was asked.
        url: String,
        /// What is wrong, and where.
        reason: String,
    },
}

/// A client for one system. Cheap to clone; all clones share connections.
#[derive(Clone)]
pub struct Client {
    wire: Wire,
    base: Url,
    credentials: Credentials,
    clock: Clock,
}

impl Client {
    /// A client for the system at `base`; paths are appended to the path of that.
    ///
    /// # Errors
    /// If certificate authorities are needed and can't be read.
    pub fn new(base: &Url, credentials: Credentials, clock: Clock) -> Result<Self, AskError> {
        let wire = Wire::new(base, CONNECT).map_err(|error| AskError::Roots(base.to_string(), error))?;
        let mut base = base.clone();
        let path = format!("{}/", base.path().trim_end_matches('/'));
        base.set_path(&path);
        Ok(Self { wire, base, credentials, clock })
    }

    /// The address of the system.
    pub const fn base(&self) -> &Url {
        &self.base
    }

    /// `GET` of JSON. `path` has no leading slash.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, AskError> {
        let url = self.url(path, query)?;
        let bytes = self.exchange(Method::GET, &url, None).await?;
        parse(&url, &bytes)
    }

    /// `GET` of plain text.
    pub async fn text(&self, path: &str) -> Result<String, AskError> {
        let url = self.url(path, &[])?;
        let bytes = self.exchange(Method::GET, &url, None).await?;
        String::from_utf8(bytes.into())
            .map_err(|error| AskError::Unreadable { url: url.into(), reason: error.to_string() })
    }

    /// `POST` of JSON for JSON.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, AskError> {
        let url = self.url(path, &[])?;
        let body = serde_json::to_vec(body)
            .map_err(|error| AskError::Unreadable { url: url.to_string(), reason: error.to_string() })?;
        let bytes = self.exchange(Method::POST, &url, Some(body.into())).await?;
        parse(&url, &bytes)
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Result<(), AskError> {
        let url = self.url(path, &[])?;
        self.exchange(Method::DELETE, &url, None).await.map(|_| ())
    }

    /// `GET` of an answer that goes on: its head has come, and its body is the caller's to read and to time.
    pub async fn stream(&self, path: &str) -> Result<Incoming, AskError> {
        let url = self.url(path, &[])?;
        let send = self.send(Method::GET, &url, None);
        let response = self.clock.timeout(ANSWER, send).await.unwrap_or_else(|| Err(slow(&url)))?;
        if response.status().is_success() {
            return Ok(response.into_body());
        }
        Err(AskError::Refused { url: url.into(), status: response.status(), text: String::new() })
    }

    fn url(&self, path: &str, query: &[(&str, &str)]) -> Result<Url, AskError> {
        let unreadable = |error: url::ParseError| AskError::Unreadable {
            url: self.base.to_string(),
            reason: error.to_string(),
        };
        let mut url = self.base.join(path).map_err(unreadable)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    async fn exchange(&self, method: Method, url: &Url, body: Option<Bytes>) -> Result<Bytes, AskError> {
        let exchange = async {
            let response = self.send(method, url, body).await?;
            let status = response.status();
            let bytes =
                Limited::new(response.into_body(), ANSWER_LIMIT).collect().await.map_err(|error| {
                    AskError::Unreachable { url: url.to_string(), reason: chain(error.as_ref()) }
                })?;
            let bytes = bytes.to_bytes();
            if status.is_success() {
                return Ok(bytes);
            }
            let text = String::from_utf8_lossy(&bytes).trim().chars().take(TOLD).collect();
            Err(AskError::Refused { url: url.to_string(), status, text })
        };
        self.clock.timeout(ANSWER, exchange).await.unwrap_or_else(|| Err(slow(url)))
    }

    async fn send(
        &self,
        method: Method,
        url: &Url,
        body: Option<Bytes>,
    ) -> Result<Response<Incoming>, AskError> {
        let unreachable = |reason: String| AskError::Unreachable { url: url.to_string(), reason };
        let mut request = Request::builder().method(method).uri(url.as_str()).header(USER_AGENT, AGENT);
        request = request.header(ACCEPT, "application/json, text/event-stream, text/plain");
        if let Some(authorization) = self.authorization().await? {
            request = request.header(AUTHORIZATION, authorization);
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let request = request
            .body(Full::new(body.unwrap_or_default()))
            .map_err(|error| unreachable(error.to_string()))?;
        self.wire.request(request).await.map_err(|error| unreachable(chain(&error)))
    }

    async fn authorization(&self) -> Result<Option<HeaderValue>, AskError> {
        let path = match &self.credentials {
            Credentials::None => return Ok(None),
            Credentials::Bearer(path) | Credentials::Password(path) => path,
        };
        let bad = |reason: String| AskError::Token { url: self.base.to_string(), path: path.clone(), reason };
        let token = tokio::fs::read_to_string(path).await.map_err(|error| bad(error.to_string()))?;
        let token = token.trim();
        if token.is_empty() {
            return Err(bad("it is empty".into()));
        }
        let value = match &self.credentials {
            Credentials::Password(_) => format!("Basic {}", BASE64.encode(format!(":{token}").as_bytes())),
            _ => format!("Bearer {token}"),
        };
        let mut value = HeaderValue::try_from(value)
            .map_err(|_| bad("it holds a character that no header can carry".into()))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

fn slow(url: &Url) -> AskError {
    AskError::Unreachable { url: url.to_string(), reason: format!("no answer within {ANSWER:?}") }
}

fn parse<T: DeserializeOwned>(url: &Url, bytes: &[u8]) -> Result<T, AskError> {
    serde_json::from_slice(bytes)
        .map_err(|error| AskError::Unreadable { url: url.to_string(), reason: error.to_string() })
}
