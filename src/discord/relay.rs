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

mod close_code;
mod connection;
mod dial;
mod frame;

use std::{
    io,
    time::{Duration, Instant},
};

use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        self, Message,
        handshake::server::{ErrorResponse, Request, Response},
        protocol::CloseFrame,
    },
};
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use self::connection::{Connection, End};
use super::{backoff::random, latency::Latency};
use crate::{clock::Clock, reason::Reason};

/// Broken connections in a row, none of which lived for [`Limits::settled`], before the session is given up.
const HASTY_RESUMES: u32 = 5;
/// How long a frame may take to be written, or serenity to shake hands: both sides read all the time.
const WRITE: Duration = Duration::from_secs(10);
/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);
/// Any code but 1000 and 1001 keeps the session alive (docs, "Gateway: Disconnecting").
const KEEP_SESSION: u16 = 4000;
/// This one ends it.
const END_SESSION: u16 = 1000;

type Serenity = WebSocketStream<TcpStream>;
type Received = Option<Result<Message, tungstenite::Error>>;

/// How far the session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// No READY yet.
    Connecting,
    /// READY or RESUMED came.
    Established,
    /// The connection was lost and is being resumed.
    Interrupted(Reason),
    /// The session is over.
    Ended(Cause),
}

/// Why a session is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Another one may be begun.
    Lost(Reason),
    /// Never again; says what a person must do.
    Fatal(Reason),
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

/// Whether `url` is one of Discord's own gateways.
pub(super) fn is_discords(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    url.scheme() == "wss" && (host == "discord.gg" || host.ends_with(".discord.gg"))
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
    pub(super) async fn open(gate: Gate, limits: Limits, clock: Clock, latency: Latency) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let path = format!("/{:016x}{:016x}", random(), random());
        let url = format!("ws://{}{path}", listener.local_addr()?);
        let (sender, state) = watch::channel(State::Connecting);
        let worker = Worker {
            door: Door { listener, path, clock: clock.clone() },
            gate,
            limits,
            clock,
            latency,
            state: sender,
            identified: false,
        };
        Ok(Self { url, state, _task: AbortOnDropHandle::new(tokio::spawn(worker.run())) })
    }
}

/// What a session of the relay knows from one connection to the next.
struct Worker {
    door: Door,
    gate: Gate,
    limits: Limits,
    clock: Clock,
    latency: Latency,
    state: watch::Sender<State>,
    /// Whether serenity has sent its IDENTIFY.
    identified: bool,
}

impl Worker {
    async fn run(mut self) {
        let mut serenity = None;
        let cause = self.session(&mut serenity).await;
        self.state.send_replace(State::Ended(cause));
        loop {
            tokio::select! {
                accepted = self.door.accept() => serenity = Some(accepted),
                message = next(&mut serenity) => if !matches!(message, Some(Ok(_))) { serenity = None },
            }
        }
    }

    /// Carries one connection of serenity after the other until the session is over.
    async fn session(&mut self, serenity: &mut Option<Serenity>) -> Cause {
        let mut hasty = 0;
        loop {
            let Some(accepted) = self.clock.timeout(self.limits.ready, self.door.accept()).await else {
                return Cause::Lost(Reason::new("gateway-serenity-absent"));
            };
            let accepted = serenity.insert(accepted);
            let began = Instant::now();
            let why = match Connection::carry(self, accepted).await {
                End::Over(cause) => return cause,
                End::Left(code) => {
                    // What answers serenity's close frame is written with the next flush.
                    note(self.clock.timeout(GOODBYE, accepted.flush()).await);
                    if code == Some(END_SESSION) {
                        return Cause::Lost(Reason::new("gateway-serenity-closed"));
                    }
                    Reason::new("gateway-serenity-left")
                }
                End::Broken(why) => {
                    // serenity resumes at once on this code.
                    say_goodbye(accepted, KEEP_SESSION, &self.clock).await;
                    why
                }
            };
            hasty = if began.elapsed() < self.limits.settled { hasty + 1 } else { 0 };
            if hasty > HASTY_RESUMES {
                return Cause::Lost(
                    Reason::new("gateway-hasty").with("count", u64::from(hasty)).with("reason", why),
                );
            }
            tracing::info!(%why, "the connection to Discord's gateway is over; resuming the session");
            self.state.send_replace(State::Interrupted(why));
        }
    }
}

/// Where serenity comes in.
struct Door {
    listener: TcpListener,
    path: String,
    clock: Clock,
}

impl Door {
    /// The next connection of serenity. What does not know the path, or does not speak, is turned away.
    async fn accept(&self) -> Serenity {
        loop {
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "the relay can't take a connection; trying again");
                    self.clock.sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let handshake = async {
                stream.set_nodelay(true)?;
                #[expect(clippy::result_large_err, reason = "the WebSocket library's own signature")]
                accept_hdr_async(stream, |request: &Request, response| self.check(request, response)).await
            };
            match self.clock.timeout(WRITE, handshake).await {
                Some(Ok(serenity)) => return serenity,
                Some(Err(error)) => {
                    tracing::warn!(%error, "someone other than serenity knocked at the relay");
                }
                None => tracing::warn!("someone who does not speak knocked at the relay"),
            }
        }
    }

    #[expect(clippy::result_large_err, reason = "the WebSocket library's own signature")]
    fn check(&self, request: &Request, response: Response) -> Result<Response, ErrorResponse> {
        if request.uri().path() == self.path {
            return Ok(response);
        }
        let mut refusal = ErrorResponse::new(None);
        *refusal.status_mut() = tungstenite::http::StatusCode::NOT_FOUND;
        Err(refusal)
    }
}

async fn next(serenity: &mut Option<Serenity>) -> Received {
    match serenity {
        Some(serenity) => serenity.next().await,
        None => std::future::pending().await,
    }
}

/// Says goodbye.
async fn say_goodbye<S>(to: &mut WebSocketStream<S>, code: u16, clock: &Clock)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let frame = CloseFrame { code: code.into(), reason: "".into() };
    note(clock.timeout(GOODBYE, to.close(Some(frame))).await);
}

/// A goodbye that reached nobody is no fault: the peer was gone already.
fn note(outcome: Option<Result<(), tungstenite::Error>>) {
    if let Some(Err(error)) = outcome {
        tracing::debug!(%error, "the other side was gone before goodbye was said");
    }
}
