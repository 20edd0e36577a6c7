//! HTTP connections to others: to Discord and to the backends. Invariant: what is to be encrypted never goes out
//! in the clear, and nothing is redirected.

use std::{error::Error, io, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use url::Url;

/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(55);

/// Two clients, so that a program on loopback needs no certificate authorities.
#[derive(Clone)]
pub(crate) enum Wire {
    Plain(Client<HttpConnector, Full<Bytes>>),
    Tls(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

impl Wire {
    /// Connections to `origin`. Plain HTTP is spoken only if it says `http`.
    ///
    /// # Errors
    /// If the system's certificate authorities are needed and can't be read.
    pub(crate) fn new(origin: &Url, connect_timeout: Duration) -> io::Result<Self> {
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(Some(connect_timeout));
        tcp.set_nodelay(true);
        let mut client = Client::builder(TokioExecutor::new());
        client.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE);
        if origin.scheme() == "http" {
            return Ok(Self::Plain(client.build(tcp)));
        }
        tcp.enforce_http(false);
        let tls =
            HttpsConnectorBuilder::new().with_native_roots()?.https_only().enable_http1().wrap_connector(tcp);
        Ok(Self::Tls(client.build(tls)))
    }

    /// Sends `request`; its head has come when this answers.
    pub(crate) async fn request(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, hyper_util::client::legacy::Error> {
        match self {
            Self::Plain(client) => client.request(request).await,
            Self::Tls(client) => client.request(request).await,
        }
    }
}

/// An error with its causes, on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    std::iter::successors(Some(error), |&error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
