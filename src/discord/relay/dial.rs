//! Connects to the gateway. Invariants: TLS is Vigie's own (rustls 0.23, the system's roots), not the old
//! one inside serenity's WebSocket library; a message larger than [`MAX_MESSAGE`] ends the connection.
//! Time-outs are the caller's.

use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{self, protocol::WebSocketConfig},
};
use tower_service::Service;
use url::Url;

use crate::reason::Reason;

/// More than any event of a bot without intents, and little enough for a Raspberry Pi.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// A connection to the gateway.
pub(super) type Gateway = WebSocketStream<Box<dyn Stream>>;

/// Bytes both ways, over TCP or TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Why the gateway could not be reached.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.reason())]
pub(super) enum DialError {
    Connect(#[source] Box<dyn std::error::Error + Send + Sync>),
    Roots(#[source] std::io::Error),
    Address(Url),
    Handshake(#[from] tungstenite::Error),
}

impl DialError {
    /// Why, for those who wait.
    pub(super) fn reason(&self) -> Reason {
        match self {
            Self::Connect(error) => Reason::new("dial-refused").with("error", error.to_string()),
            Self::Roots(error) => Reason::new("dial-no-roots").with("error", error.to_string()),
            Self::Address(url) => Reason::new("dial-no-gateway").with("url", url.as_str()),
            Self::Handshake(error) => Reason::new("dial-handshake").with("error", error.to_string()),
        }
    }
}

/// Opens a WebSocket to `url` (`ws` or `wss`).
pub(super) async fn dial(url: &Url) -> Result<Gateway, DialError> {
    let stream: Box<dyn Stream> = match (url.scheme(), url.host_str(), url.port_or_known_default()) {
        ("ws", Some(host), Some(port)) => {
            let stream =
                TcpStream::connect((host, port)).await.map_err(|error| DialError::Connect(error.into()))?;
            stream.set_nodelay(true).map_err(|error| DialError::Connect(error.into()))?;
            Box::new(stream)
        }
        ("wss", Some(host), Some(port)) => Box::new(TokioIo::new(tls(url, host, port).await?)),
        _ => return Err(DialError::Address(url.clone())),
    };
    let config = WebSocketConfig {
        max_message_size: Some(MAX_MESSAGE),
        max_frame_size: Some(MAX_MESSAGE),
        ..WebSocketConfig::default()
    };
    let (gateway, _) = client_async_with_config(url.as_str(), stream, Some(config)).await?;
    Ok(gateway)
}

async fn tls(
    url: &Url,
    host: &str,
    port: u16,
) -> Result<hyper_rustls::MaybeHttpsStream<TokioIo<TcpStream>>, DialError> {
    let uri = format!("https://{host}:{port}/").parse().map_err(|_| DialError::Address(url.clone()))?;
    let roots = HttpsConnectorBuilder::new().with_native_roots().map_err(DialError::Roots)?;
    roots.https_only().enable_http1().build().call(uri).await.map_err(DialError::Connect)
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncReadExt, net::TcpListener};

    use super::*;

    #[tokio::test]
    async fn a_wss_address_is_spoken_to_in_tls_and_a_plain_answer_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("wss://{}", listener.local_addr().unwrap()).parse().unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut record = [0; 2];
            stream.read_exact(&mut record).await.unwrap();
            record
        };
        let (dialled, record) = tokio::join!(dial(&url), server);
        // A handshake record of TLS (RFC 8446, 5.1).
        assert_eq!(record, [0x16, 0x03]);
        assert!(matches!(dialled, Err(DialError::Connect(_))));
    }

    #[tokio::test]
    async fn other_addresses_are_refused() {
        let dialled = dial(&"https://discord.com".parse().unwrap()).await;
        assert!(matches!(dialled, Err(DialError::Address(_))));
    }
}
