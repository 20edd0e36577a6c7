//! Vigie's HTTP server with a store of its own on a port that the system chose, and a client that says
//! exactly what is put into it.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

use std::{net::SocketAddr, time::Duration};

use jiff::Timestamp;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use vigie::{
    clock::Clock,
    event::Source,
    health::Health,
    intake::{
        endpoint::{self, Intake},
        hooks::Hooks,
        proof::Proof,
    },
    store::{self, Store},
    telemetry::Metrics,
    web::{self, Limits, Server},
};

pub(crate) const SECRET: &str = "the shared secret";

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    pub(crate) health: Health,
    pub(crate) store: Store,
    pub(crate) stop: CancellationToken,
    pub(crate) server: JoinHandle<()>,
    _folder: TempDir,
}

impl Site {
    pub(crate) async fn start(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual("2026-11-21T10:00:00Z".parse::<Timestamp>().unwrap());
        let (metrics, health, stop) = (Metrics::default(), Health::default(), CancellationToken::new());
        let store = Store::open(store::Settings {
            path: folder.path().join("vigie.db"),
            keep: Duration::from_hours(24),
            clock: clock.clone(),
            metrics: metrics.clone(),
            health: health.clone(),
        })
        .unwrap();
        let mut hooks = Hooks::default();
        let header = "x-gitea-signature".parse().unwrap();
        hooks.set_up(Source::Gitea, "", Proof::hmac(SECRET.into(), header));
        let hooks = endpoint::router(Intake {
            hooks,
            trusted_proxies: vec!["127.0.0.1".parse().unwrap()],
            store: store.clone(),
            metrics: metrics.clone(),
            clock: clock.clone(),
        });
        let site = web::Site {
            health: health.clone(),
            metrics: metrics.clone(),
            store: store.clone(),
            clock: clock.clone(),
            started: clock.now(),
        };
        let server = Server::bind("127.0.0.1:0".parse().unwrap(), limits, clock.clone()).await.unwrap();
        let address = server.address();
        let server = tokio::spawn(server.serve(web::router(site, hooks), stop.clone()));
        Self { address, clock, metrics, health, store, stop, server, _folder: folder }
    }

    pub(crate) async fn connect(&self) -> Wire {
        Wire(TcpStream::connect(self.address).await.unwrap())
    }

    /// Asks once on a connection of its own.
    pub(crate) async fn ask(&self, request_line: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut wire = self.connect().await;
        let headers = [headers, &[("connection", "close")]].concat();
        wire.say(&request(request_line, &headers, body)).await;
        wire.last_answer().await
    }

    /// How many events met this end.
    pub(crate) fn events(&self, outcome: &'static str) -> u64 {
        let labels = vigie::telemetry::EventLabels { source: "gitea", outcome };
        self.metrics.events.get_or_create(&labels).get()
    }

    /// Lets time pass in steps until `condition` holds.
    pub(crate) async fn pass_time_until<F: Future>(&self, condition: F) -> F::Output {
        let mut condition = std::pin::pin!(condition);
        let patiently = async {
            loop {
                tokio::select! {
                    biased;
                    output = &mut condition => return output,
                    () = tokio::task::yield_now() => self.clock.advance(Duration::from_secs(1)),
                }
            }
        };
        tokio::time::timeout(PATIENCE, patiently).await.expect("it comes with time")
    }
}

/// A request as it goes over the wire.
pub(crate) fn request(request_line: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let length = body.len().to_string();
    let headers = [&[("host", "vigie"), ("content-length", &*length)], headers].concat();
    let lines: String = headers.iter().map(|(name, value)| [name, ": ", value, "\r\n"].concat()).collect();
    [request_line.as_bytes(), b" HTTP/1.1\r\n", lines.as_bytes(), b"\r\n", body].concat()
}

/// One connection.
pub(crate) struct Wire(pub(crate) TcpStream);

impl Wire {
    pub(crate) async fn say(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// The next answer, which must come.
    pub(crate) async fn answer(&mut self) -> Answer {
        self.next().await.expect("an answer before the connection ends")
    }

    /// The next answer, if it has no body or one with a length; `None` if the connection ends instead.
    pub(crate) async fn next(&mut self) -> Option<Answer> {
        let mut bytes = Vec::new();
        loop {
            if let Some(answer) = Answer::read(&bytes).filter(|answer| {
                let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
                answer.body.len() == length
            }) {
                return Some(answer);
            }
            bytes.push(
                tokio::time::timeout(PATIENCE, self.0.read_u8()).await.expect("an answer in time").ok()?,
            );
        }
    }

    /// The answer before the connection ends.
    pub(crate) async fn last_answer(&mut self) -> Answer {
        let bytes = self.rest().await;
        Answer::read(&bytes).unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(&bytes)))
    }

    /// All that comes until the connection ends.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let read = self.0.read_to_end(&mut bytes);
        tokio::time::timeout(PATIENCE, read).await.expect("an end in time").unwrap();
        bytes
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (head, body) = str::from_utf8(bytes).ok()?.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Self { status, head: head.to_lowercase(), body: body.to_owned() })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}
