//! A WebSocket on loopback between serenity and the gateway. serenity 0.12 hides what a supervisor must
//! know (close codes, heartbeat acknowledgements, a handshake that hangs) and handles some of it badly: it
//! spins on a close frame without a code, identifies anew after a missed acknowledgement, ignores
//! `resume_gateway_url`. The relay sees every frame and gives serenity only what it handles well.
//!
//! Invariants:
//! - serenity connects to nothing but this relay, and only who knows its random path gets through;
//! - one relay carries one session: a second IDENTIFY ends it, so that the supervisor can count them all;
//! - connecting, becoming ready and acknowledging a heartbeat each have a deadline;
//! - a broken connection is resumed, a session that is gone or a fatal close code ends the relay;
//! - after the end serenity is still answered, because it spins on a connection that is closed to it.

use std::{
    collections::VecDeque,
    ops::ControlFlow::{self, Break, Continue},
    pin::Pin,
    time::{Duration, Instant},
};

use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        self, Message,
        handshake::server::{ErrorResponse, Request, Response},
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use super::{
    backoff::random,
    close::{Verdict, verdict},
    dial::{Gateway, dial},
    latency::Latency,
};
use crate::clock::Clock;

/// Broken connections in a row, none of which lived for [`Limits::settled`], before the session is given up.
const HASTY_RESUMES: u32 = 5;
/// How long a frame may take to be written, or serenity to shake hands: both sides read all the time.
const WRITE: Duration = Duration::from_secs(10);
/// Any code but 1000 and 1001 keeps the session alive (docs, "Gateway: Disconnecting").
const KEEP_SESSION: u16 = 4000;

type Serenity = WebSocketStream<TcpStream>;
type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;
type Received = Option<Result<Message, tungstenite::Error>>;

/// How far the session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// No READY yet.
    Connecting,
    /// READY or RESUMED came.
    Established,
    /// The connection was lost and is being resumed.
    Interrupted(String),
    /// The session is over.
    Ended(Cause),
}

/// Why a session is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Another one may be begun.
    Lost(String),
    /// Never again; says what a person must do.
    Fatal(String),
}

/// The relay's deadlines; see [`super::session::Timings`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) dial: Duration,
    pub(super) ready: Duration,
    pub(super) acknowledge: Duration,
    pub(super) settled: Duration,
}

/// Where the gateway is.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    /// The address without a query.
    pub(super) url: Url,
    /// Whether READY may name another one to resume at.
    pub(super) moves: Moves,
}

/// Whether the gateway may name another address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moves {
    /// The real Discord: resume where it says.
    Follow,
    /// A configured endpoint: talk to no other address.
    Stay,
}

/// A relay that runs until it is dropped.
#[derive(Debug)]
pub(super) struct Relay {
    /// What serenity is to connect to.
    pub(super) url: String,
    /// How far the session is.
    pub(super) state: watch::Receiver<State>,
    _task: AbortOnDropHandle<()>,
}

impl Relay {
    /// Listens on loopback; connects to the gateway when serenity comes.
    pub(super) async fn open(
        gate: Gate,
        limits: Limits,
        clock: Clock,
        latency: Latency,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let path = format!("/{:016x}{:016x}", random(), random());
        let url = format!("ws://{}{path}", listener.local_addr()?);
        let (sender, state) = watch::channel(State::Connecting);
        let worker =
            Worker { listener, path, gate, limits, clock, latency, state: sender, identified: false };
        Ok(Self { url, state, _task: AbortOnDropHandle::new(tokio::spawn(worker.run())) })
    }
}

struct Worker {
    listener: TcpListener,
    path: String,
    gate: Gate,
    limits: Limits,
    clock: Clock,
    latency: Latency,
    state: watch::Sender<State>,
    identified: bool,
}

/// How a connection ended.
enum End {
    /// The session lives on: serenity is to resume it.
    Broken(String),
    /// serenity closed the connection with this code, if it gave one.
    Left(Option<u16>),
    /// The session is over.
    Over(Cause),
}

fn over(why: impl Into<String>) -> End {
    End::Over(Cause::Lost(why.into()))
}

fn lost<T>(why: impl Into<String>) -> ControlFlow<End, T> {
    Break(over(why))
}

fn broken<T>(why: impl Into<String>) -> ControlFlow<End, T> {
    Break(End::Broken(why.into()))
}

/// One connection, as far as it is.
struct Connection {
    established: bool,
    /// When the heartbeat that waits for its acknowledgement was sent.
    heartbeat: Option<Instant>,
    /// The deadline that runs: READY's first, then the acknowledgement's.
    timer: Option<Timer>,
}

/// What the relay reads of a frame (docs, "Gateway: Payload Structure").
#[derive(Deserialize)]
struct Frame {
    op: u8,
    t: Option<String>,
    s: Option<u64>,
}

impl Worker {
    async fn run(mut self) {
        let mut serenity = None;
        let cause = self.sessions(&mut serenity).await;
        self.state.send_replace(State::Ended(cause));
        loop {
            tokio::select! {
                accepted = accept(&self.listener, &self.path, &self.clock) => serenity = Some(accepted),
                message = next(&mut serenity) => if !matches!(message, Some(Ok(_))) { serenity = None },
            }
        }
    }

    /// Carries one connection of serenity after the other until the session is over.
    async fn sessions(&mut self, serenity: &mut Option<Serenity>) -> Cause {
        let mut hasty = 0;
        loop {
            let accepting = accept(&self.listener, &self.path, &self.clock);
            let Some(accepted) = self.clock.timeout(self.limits.ready, accepting).await else {
                return Cause::Lost("serenity did not connect to the relay".into());
            };
            let accepted = serenity.insert(accepted);
            let began = Instant::now();
            let why = match self.connection(accepted).await {
                End::Over(cause) => return cause,
                End::Left(code) => {
                    // What answers serenity's close frame is written with the next flush.
                    flush(accepted, &self.clock).await;
                    if code == Some(1000) {
                        return Cause::Lost("serenity closed the session".into());
                    }
                    "serenity left it".to_owned()
                }
                End::Broken(why) => {
                    // serenity resumes at once on this code.
                    close(accepted, KEEP_SESSION, &self.clock).await;
                    why
                }
            };
            hasty = if began.elapsed() < self.limits.settled { hasty + 1 } else { 0 };
            if hasty > HASTY_RESUMES {
                return Cause::Lost(format!(
                    "{hasty} connections in a row broke at once, the last one: {why}"
                ));
            }
            tracing::info!(why, "the connection to Discord's gateway is over; resuming the session");
            self.state.send_replace(State::Interrupted(why));
        }
    }

    /// Carries one connection of serenity.
    async fn connection(&mut self, serenity: &mut Serenity) -> End {
        // serenity's RESUME does not wait for HELLO.
        let mut early = VecDeque::new();
        let mut gateway = match self.reach(serenity, &mut early).await {
            Ok(gateway) => gateway,
            Err(end) => return end,
        };
        let mut connection =
            Connection { established: false, heartbeat: None, timer: Some(self.timer(self.limits.ready)) };
        let end = loop {
            let step = if let Some(text) = early.pop_front() {
                self.from_serenity(Some(Ok(Message::Text(text))), &mut gateway, &mut connection).await
            } else {
                tokio::select! {
                    message = gateway.next() => self.from_gateway(message, &mut gateway, serenity, &mut connection).await,
                    message = serenity.next() => self.from_serenity(message, &mut gateway, &mut connection).await,
                    () = expired(&mut connection.timer) => self.too_late(&connection),
                }
            };
            if let Break(end) = step {
                break end;
            }
        };
        let code = match &end {
            End::Broken(_) => KEEP_SESSION,
            End::Left(code) => code.unwrap_or(KEEP_SESSION),
            End::Over(_) => 1000,
        };
        close(&mut gateway, code, &self.clock).await;
        end
    }

    /// Connects to the gateway; keeps what serenity says meanwhile.
    async fn reach(&self, serenity: &mut Serenity, early: &mut VecDeque<String>) -> Result<Gateway, End> {
        let host = self.gate.url.host_str().unwrap_or_default();
        let mut url = self.gate.url.clone();
        url.set_query(Some("v=10&encoding=json"));
        let dialling = self.clock.timeout(self.limits.dial, dial(&url));
        tokio::pin!(dialling);
        loop {
            tokio::select! {
                dialled = &mut dialling => return match dialled {
                    Some(Ok(gateway)) => Ok(gateway),
                    Some(Err(error)) => Err(over(format!("the gateway {host} can't be reached: {error}"))),
                    None => Err(over(format!("connecting to the gateway {host} took over {:?}", self.limits.dial))),
                },
                message = serenity.next() => match message {
                    Some(Ok(Message::Text(text))) => early.push_back(text),
                    Some(Ok(message)) => if let Message::Close(frame) = message {
                        return Err(End::Left(frame.map(|frame| frame.code.into())));
                    },
                    Some(Err(_)) | None => return Err(End::Left(None)),
                },
            }
        }
    }

    async fn from_gateway(
        &mut self,
        message: Received,
        gateway: &mut Gateway,
        serenity: &mut Serenity,
        connection: &mut Connection,
    ) -> ControlFlow<End> {
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(frame))) => return self.closed(frame.as_ref(), connection),
            Some(Ok(Message::Binary(_))) => {
                return lost("the gateway sent a binary frame, which was not asked for");
            }
            Some(Ok(_)) => return Continue(()),
            Some(Err(error)) => return self.cut(connection, error.to_string()),
            None => return self.cut(connection, "it ended without a close frame".into()),
        };
        let Ok(frame) = serde_json::from_str::<Frame>(&text) else {
            return lost("the gateway sent what is not a gateway payload");
        };
        match (frame.op, frame.t.as_deref()) {
            (0, Some(kind @ ("READY" | "RESUMED"))) => {
                if kind == "READY" {
                    self.follow(&text);
                }
                connection.established = true;
                connection.timer = None;
                self.state.send_replace(State::Established);
                // serenity's own first heartbeat is an interval away; this one measures the latency now.
                let heartbeat = serde_json::json!({ "op": 1, "d": frame.s }).to_string();
                self.heartbeat(connection);
                self.forward(gateway, heartbeat, "the gateway").await?;
            }
            (7, _) => return self.cut(connection, "Discord asked to connect anew".into()),
            (9, _) if is_resumable(&text) => {
                return self.cut(connection, "Discord invalidated the connection".into());
            }
            (9, _) => return lost("Discord invalidated the session"),
            (11, _) => {
                if let Some(sent) = connection.heartbeat.take() {
                    self.latency.set(sent.elapsed());
                }
                if connection.established {
                    connection.timer = None;
                }
            }
            _ => {}
        }
        self.forward(serenity, text, "serenity").await
    }

    async fn from_serenity(
        &mut self,
        message: Received,
        gateway: &mut Gateway,
        connection: &mut Connection,
    ) -> ControlFlow<End> {
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(frame))) => return Break(End::Left(frame.map(|frame| frame.code.into()))),
            Some(Ok(_)) => return Continue(()),
            // serenity drops its connection without a close frame when it makes another.
            Some(Err(_)) | None => return Break(End::Left(None)),
        };
        let text = match serde_json::from_str::<Frame>(&text).map(|frame| frame.op) {
            Ok(1) => {
                self.heartbeat(connection);
                text
            }
            Ok(2) if self.identified => return lost("serenity gave the session up"),
            Ok(2) => {
                self.identified = true;
                plain_identify(&text)
            }
            _ => text,
        };
        self.forward(gateway, text, "the gateway").await
    }

    /// A heartbeat goes out: from now on its acknowledgement is awaited.
    fn heartbeat(&self, connection: &mut Connection) {
        if connection.heartbeat.is_none() {
            connection.heartbeat = Some(Instant::now());
            if connection.established {
                connection.timer = Some(self.timer(self.limits.acknowledge));
            }
        }
    }

    fn too_late(&self, connection: &Connection) -> ControlFlow<End> {
        if connection.established {
            broken(format!("no heartbeat was acknowledged within {:?}", self.limits.acknowledge))
        } else {
            lost(format!("the session was not ready within {:?}", self.limits.ready))
        }
    }

    fn closed(&self, frame: Option<&CloseFrame<'_>>, connection: &Connection) -> ControlFlow<End> {
        let code = frame.map(|frame| u16::from(frame.code));
        let said = match frame {
            Some(frame) => format!("Discord closed it with code {} {}", frame.code, frame.reason),
            None => "Discord closed it without a code".into(),
        };
        match verdict(code) {
            Verdict::Resume => self.cut(connection, said.trim_end().to_owned()),
            Verdict::Renew => lost(said.trim_end()),
            Verdict::Fatal(reason) => Break(End::Over(Cause::Fatal(reason))),
        }
    }

    /// The connection is gone: resumed if it was established, else there is nothing to resume.
    fn cut(&self, connection: &Connection, why: String) -> ControlFlow<End> {
        if connection.established { broken(why) } else { lost(why) }
    }

    /// Resumes go to the address that READY names, unless an endpoint is configured.
    fn follow(&mut self, ready: &str) {
        #[derive(Deserialize)]
        struct Ready {
            d: Address,
        }
        #[derive(Deserialize)]
        struct Address {
            resume_gateway_url: Url,
        }
        if self.gate.moves == Moves::Follow
            && let Ok(Ready { d }) = serde_json::from_str(ready)
            && is_discords(&d.resume_gateway_url)
        {
            self.gate.url = d.resume_gateway_url;
        }
    }

    async fn forward<S>(&self, to: &mut WebSocketStream<S>, text: String, whom: &str) -> ControlFlow<End>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    {
        match self.clock.timeout(WRITE, to.send(Message::Text(text))).await {
            Some(Ok(())) => Continue(()),
            // The reason, a close code perhaps, is read with the next message.
            Some(Err(error)) => {
                tracing::debug!(%error, whom, "a frame could not be written");
                Continue(())
            }
            None => lost(format!("{whom} read nothing for {WRITE:?}")),
        }
    }

    fn timer(&self, duration: Duration) -> Timer {
        let clock = self.clock.clone();
        Box::pin(async move { clock.sleep(duration).await })
    }
}

/// Whether `url` is one of Discord's own gateways.
pub(super) fn is_discords(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    url.scheme() == "wss" && (host == "discord.gg" || host.ends_with(".discord.gg"))
}

/// The next connection of serenity. What does not know the path, or does not speak, is turned away.
async fn accept(listener: &TcpListener, path: &str, clock: &Clock) -> Serenity {
    #[expect(clippy::result_large_err, reason = "the WebSocket library's own signature")]
    let check = |request: &Request, response: Response| {
        if request.uri().path() == path {
            return Ok(response);
        }
        let mut refusal = ErrorResponse::new(None);
        *refusal.status_mut() = tungstenite::http::StatusCode::NOT_FOUND;
        Err(refusal)
    };
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "the relay can't take a connection; trying again");
                clock.sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let handshake = async {
            stream.set_nodelay(true)?;
            accept_hdr_async(stream, check).await
        };
        match clock.timeout(WRITE, handshake).await {
            Some(Ok(serenity)) => return serenity,
            Some(Err(error)) => tracing::warn!(%error, "someone other than serenity knocked at the relay"),
            None => tracing::warn!("someone who does not speak knocked at the relay"),
        }
    }
}

async fn next(serenity: &mut Option<Serenity>) -> Received {
    match serenity {
        Some(serenity) => serenity.next().await,
        None => std::future::pending().await,
    }
}

async fn expired(timer: &mut Option<Timer>) {
    match timer {
        Some(timer) => timer.await,
        None => std::future::pending().await,
    }
}

/// Says goodbye. A peer that is gone already needs none.
async fn close<S>(to: &mut WebSocketStream<S>, code: u16, clock: &Clock)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let frame = CloseFrame { code: CloseCode::from(code), reason: "".into() };
    if let Some(Err(error)) = clock.timeout(Duration::from_secs(1), to.close(Some(frame))).await {
        tracing::debug!(%error, code, "a close frame could not be written");
    }
}

async fn flush(serenity: &mut Serenity, clock: &Clock) {
    if let Some(Err(error)) = clock.timeout(Duration::from_secs(1), serenity.flush()).await {
        tracing::debug!(%error, "serenity's close frame could not be answered");
    }
}

/// Whether op 9 says that the session can be resumed (its `d` is `true`).
fn is_resumable(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Invalid {
        d: bool,
    }
    matches!(serde_json::from_str(text), Ok(Invalid { d: true }))
}

/// serenity's IDENTIFY without `compress`, so that every frame is text, and without `presence`, whose
/// `since` it writes in a form of its own (docs want milliseconds or null).
fn plain_identify(text: &str) -> String {
    let Ok(mut frame) = serde_json::from_str::<serde_json::Value>(text) else {
        return text.to_owned();
    };
    if let Some(data) = frame.get_mut("d").and_then(serde_json::Value::as_object_mut) {
        data.insert("compress".into(), false.into());
        data.remove("presence");
    }
    frame.to_string()
}
