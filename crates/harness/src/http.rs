//! A small HTTP client for tests. Invariant: every request ends, within `PATIENCE`.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, StatusCode};
use hyper_util::{
    client::legacy::{Client as Legacy, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

use crate::PATIENCE;

/// An HTTP client; the default one keeps its connections.
#[derive(Clone, Debug)]
pub struct Client(Legacy<HttpConnector, Full<Bytes>>);

impl Default for Client {
    fn default() -> Self {
        Self::keeping(usize::MAX)
    }
}

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
    /// The headers.
    pub headers: hyper::HeaderMap,
}

impl Answer {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON; null if it is empty.
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    /// A client that makes a connection for each request. A server whose clock leaps closes those that rest,
    /// perhaps just when they are used again.
    pub fn forgetful() -> Self {
        Self::keeping(0)
    }

    fn keeping(idle: usize) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self(Legacy::builder(TokioExecutor::new()).pool_max_idle_per_host(idle).build(connector))
    }

    /// `GET url`.
    pub async fn get(&self, url: &str) -> Answer {
        self.send(Request::get(url).body(Full::default()).unwrap()).await
    }

    /// `POST url` with JSON.
    pub async fn post(&self, url: &str, body: &Value) -> Answer {
        self.request(Method::POST, url, &[("content-type", "application/json")], body.to_string()).await
    }

    /// Any request.
    pub async fn request(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Full::new(body.into())).unwrap()).await
    }

    /// As [`Client::request`]; `None` if the connection failed, as it does when the server is killed.
    pub async fn try_request(&self, request: Request<Full<Bytes>>) -> Option<Answer> {
        let exchange = async {
            let answer = self.0.request(request).await.ok()?;
            let (parts, body) = answer.into_parts();
            let body = body.collect().await.ok()?.to_bytes();
            Some(Answer { status: parts.status.as_u16(), body, headers: parts.headers })
        };
        tokio::time::timeout(PATIENCE, exchange).await.ok().flatten()
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let line = format!("{} {}", request.method(), request.uri());
        self.try_request(request).await.unwrap_or_else(|| panic!("{line}: no answer"))
    }
}

impl PartialEq<StatusCode> for Answer {
    fn eq(&self, status: &StatusCode) -> bool {
        self.status == status.as_u16()
    }
}
