//! One web socket. Invariants: nothing is taken from a client before it has authenticated but heartbeats, IDENTIFY
//! and RESUME; events go out only through the session, in its order; the peer's timers are held against the machine's
//! clock, since moving the simulator's clock doesn't move theirs.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::{
    compression::Packing,
    hub::{Fate, Hold, Orders, Refusal},
    payload::{self, Close, Compress, Identify, Members, Request, Resumable},
    ready,
};
use crate::{Clock, Sim, faults::Kind};

/// Frames that a client may send in [`WINDOW_MS`] (docs, "Gateway: Rate Limiting").
const MAX_FRAMES: usize = 120;
const WINDOW_MS: i64 = 60_000;

/// How long a peer may take to accept a frame, or to answer a close frame.
const PEER_PATIENCE: Duration = Duration::from_secs(10);

pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// A connection and what it holds.
pub(super) struct Connection {
    sim: Sim,
    socket: Socket,
    packing: Packing,
    number: u64,
    wake: Arc<Notify>,
    hold: Option<Hold>,
    /// When the latest frames came, on the simulator's clock.
    received: VecDeque<i64>,
    /// When the peer was last heard beating, on the machine's clock.
    last_beat: Instant,
    prompted: Prompted,
    silence: Silence,
    /// Which orders of faults this connection has looked at.
    orders: Orders,
    /// The gateway's own address, as this client knows it.
    address: String,
}

/// Whether a fault keeps this connection from saying anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Silence {
    None,
    /// Until this time on the simulator's clock, in ms.
    Until(i64),
}

impl Silence {
    fn is_over(self, clock: &Clock) -> bool {
        matches!(self, Self::Until(until) if clock.now_ms() >= until)
    }

    /// Waits for its end; for ever, if there is none.
    async fn ended(self, clock: &Clock) {
        match self {
            Self::None | Self::Until(i64::MAX) => std::future::pending().await,
            Self::Until(until) => {
                let left = until.saturating_sub(clock.now_ms());
                clock.sleep(Duration::from_millis(u64::try_from(left).unwrap_or(0))).await;
            }
        }
    }
}

/// Whether a late client has been asked for a heartbeat.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prompted {
    No,
    Yes,
}

/// Why a connection ends.
#[derive(Debug)]
enum End {
    /// The simulator closes it as Discord would.
    Close(Close),
    /// A fault closes it, with or without a code.
    Fault(Option<u16>),
    /// The peer closed it with this code, or is gone.
    Peer(Option<u16>),
    /// The simulator stops.
    Shutdown,
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        match error {
            Error::Capacity(_) | Error::Utf8 => Self::Close(Close::Decode),
            _ => Self::Peer(None),
        }
    }
}

impl End {
    fn fate(&self) -> Fate {
        match self {
            // docs, "Gateway: Disconnecting": 1000 and 1001 from the client end the session.
            Self::Peer(Some(1000 | 1001))
            | Self::Fault(Some(4004 | 4007 | 4009..=4014))
            | Self::Close(
                Close::AuthenticationFailed
                | Close::InvalidSeq
                | Close::SessionTimedOut
                | Close::InvalidShard
                | Close::ShardingRequired
                | Close::InvalidVersion
                | Close::InvalidIntents
                | Close::DisallowedIntents,
            ) => Fate::Over,
            _ => Fate::Resumable,
        }
    }

    /// The close frame to send: code and reason, if it has one.
    fn frame(&self) -> Option<CloseFrame<'static>> {
        let (code, reason) = match self {
            Self::Close(close) => (*close as u16, close.reason()),
            Self::Fault(code) => ((*code)?, ""),
            Self::Shutdown => (1001, "Going away."),
            Self::Peer(_) => return None,
        };
        Some(CloseFrame { code: CloseCode::from(code), reason: reason.into() })
    }
}

/// What a connection waits for.
enum Turn {
    Frame(Option<Result<Message, Error>>),
    Woken,
    Late,
}

impl Connection {
    pub(super) fn new(sim: Sim, socket: Socket, packing: Packing, address: String) -> Self {
        let (number, wake) = sim.gateway().connect();
        let orders = sim.gateway().orders();
        Self {
            sim,
            socket,
            packing,
            number,
            wake,
            hold: None,
            received: VecDeque::new(),
            last_beat: Instant::now(),
            prompted: Prompted::No,
            silence: Silence::None,
            orders,
            address,
        }
    }

    /// Serves the connection to its end.
    pub(super) async fn serve(mut self) {
        let Err(end) = self.run().await;
        tracing::debug!(connection = self.number, ?end, "gateway connection ends");
        let hub = self.sim.gateway();
        hub.disconnect(self.number, self.hold.as_ref(), end.fate(), self.sim.clock().now_ms());
        self.close(&end).await;
    }

    /// Refuses a connection before anything else.
    pub(super) async fn refuse(mut self, close: Close) {
        self.sim.gateway().disconnect(self.number, None, Fate::Over, self.sim.clock().now_ms());
        self.close(&End::Close(close)).await;
    }

    /// Says goodbye and waits a moment for the peer's goodbye, or answers its own.
    async fn close(&mut self, end: &End) {
        let goodbye = async {
            if !matches!(end, End::Peer(_)) {
                self.socket.send(Message::Close(end.frame())).await?;
            }
            while self.socket.next().await.transpose()?.is_some() {}
            Ok::<_, Error>(())
        };
        // A peer that doesn't say goodbye is left.
        if let Ok(Err(error)) = tokio::time::timeout(PEER_PATIENCE, goodbye).await {
            tracing::debug!(connection = self.number, %error, "gateway connection ends without a closing handshake");
        }
    }

    async fn run(&mut self) -> Result<Infallible, End> {
        self.send(payload::hello(self.interval())).await?;
        loop {
            let (silence, clock, deadline) = (self.silence, self.sim.clock().clone(), self.deadline());
            let turn = tokio::select! {
                frame = self.socket.next() => Turn::Frame(frame),
                () = self.wake.notified() => Turn::Woken,
                () = tokio::time::sleep_until(deadline) => Turn::Late,
                () = silence.ended(&clock) => Turn::Woken,
            };
            match turn {
                Turn::Frame(frame) => self.receive(frame).await?,
                Turn::Woken => {}
                Turn::Late => self.late().await?,
            }
            self.look_around().await?;
            self.flush().await?;
        }
    }

    fn interval(&self) -> Duration {
        Duration::from_millis(self.sim.heartbeat_interval_ms())
    }

    /// A heartbeat is due after the interval; after one and a quarter the client is asked for it, after one and a
    /// half it is given up. Discord gives no figures for either.
    fn deadline(&self) -> Instant {
        let quarters = if self.prompted == Prompted::Yes { 6 } else { 5 };
        self.last_beat + self.interval() * quarters / 4
    }

    async fn late(&mut self) -> Result<(), End> {
        if self.silence != Silence::None {
            // Whoever is silent doesn't say goodbye either.
            self.last_beat = Instant::now();
            return Ok(());
        }
        if self.prompted == Prompted::Yes {
            return Err(Close::SessionTimedOut.into());
        }
        self.prompted = Prompted::Yes;
        self.send(payload::beat()).await
    }

    async fn receive(&mut self, frame: Option<Result<Message, Error>>) -> Result<(), End> {
        let bytes = match frame.ok_or(End::Peer(None))?? {
            Message::Text(text) => text.into_bytes(),
            Message::Binary(bytes) => bytes,
            Message::Close(frame) => return Err(End::Peer(frame.map(|frame| frame.code.into()))),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return Ok(()),
        };
        self.count_frame()?;
        match payload::read(&bytes)? {
            Request::Heartbeat => self.beat().await,
            Request::Identify(_) | Request::Resume(_) if self.hold.is_some() => {
                Err(Close::AlreadyAuthenticated.into())
            }
            Request::Identify(identify) => self.identify(identify).await,
            Request::Resume(resume) => {
                let hold = self.sim.gateway().resume(resume, self.number, self.sim.clock().now_ms());
                self.begin(hold).await
            }
            Request::Ignored | Request::Members(_) if self.hold.is_none() => {
                Err(Close::NotAuthenticated.into())
            }
            Request::Ignored => Ok(()),
            Request::Members(members) => {
                self.members(&members);
                Ok(())
            }
        }
    }

    fn count_frame(&mut self) -> Result<(), End> {
        let now = self.sim.clock().now_ms();
        self.received.push_back(now);
        while self.received.front().is_some_and(|then| now - then >= WINDOW_MS) {
            self.received.pop_front();
        }
        if self.received.len() > MAX_FRAMES { Err(Close::RateLimited.into()) } else { Ok(()) }
    }

    async fn beat(&mut self) -> Result<(), End> {
        self.last_beat = Instant::now();
        self.prompted = Prompted::No;
        self.send(payload::ack()).await
    }

    async fn identify(&mut self, identify: Identify) -> Result<(), End> {
        if identify.compress == Compress::Yes && matches!(self.packing, Packing::Plain) {
            self.packing = Packing::Payload;
        }
        let hold = ready::start(&self.sim, identify, self.number, &self.address);
        self.begin(hold).await
    }

    async fn begin(&mut self, hold: Result<Hold, Refusal>) -> Result<(), End> {
        match hold {
            Ok(hold) => {
                self.hold = Some(hold);
                self.apply_faults().await
            }
            Err(Refusal::InvalidSession) => self.send(payload::invalid_session(Resumable::No)).await,
            Err(Refusal::AuthenticationFailed) => Err(Close::AuthenticationFailed.into()),
            Err(Refusal::InvalidSeq) => Err(Close::InvalidSeq.into()),
            Err(Refusal::ShardingRequired) => Err(Close::ShardingRequired.into()),
            Err(Refusal::DisallowedIntents) => Err(Close::DisallowedIntents.into()),
        }
    }

    /// Answers op 8 with one chunk.
    fn members(&self, members: &Members) {
        if let (Some(hold), Some(chunk)) = (&self.hold, ready::members_chunk(&self.sim, members)) {
            self.sim.gateway().tell(hold, "GUILD_MEMBERS_CHUNK", &chunk);
        }
    }

    /// Follows what was ordered since the last look: the end of the server, faults given or taken away.
    async fn look_around(&mut self) -> Result<(), End> {
        let hub = self.sim.gateway();
        if hub.is_closing() {
            return Err(End::Shutdown);
        }
        let seen = std::mem::replace(&mut self.orders, hub.orders());
        if seen.cleared != self.orders.cleared || self.silence.is_over(self.sim.clock()) {
            self.silence = Silence::None;
        }
        if seen != self.orders && self.hold.is_some() { self.apply_faults().await } else { Ok(()) }
    }

    /// Lets faults strike this session.
    async fn apply_faults(&mut self) -> Result<(), End> {
        let guilds: Vec<_> = self.sim.world().guilds.keys().copied().collect();
        let strike = |kind| self.sim.faults().strike_gateway(kind, &guilds);
        if let Some(fault) = strike(Kind::GatewayClose) {
            return Err(End::Fault(fault.close_code));
        }
        if let Some(fault) = strike(Kind::GatewaySilence) {
            let ms = fault.ms.and_then(|ms| i64::try_from(ms).ok()).unwrap_or(i64::MAX);
            self.silence = Silence::Until(self.sim.clock().now_ms().saturating_add(ms));
        }
        if strike(Kind::GatewayReconnect).is_some() {
            self.send(payload::reconnect()).await?;
        }
        Ok(())
    }

    /// Sends what the session has that this connection hasn't sent.
    async fn flush(&mut self) -> Result<(), End> {
        let Some(hold) = self.hold.as_mut().filter(|_| self.silence == Silence::None) else { return Ok(()) };
        for frame in self.sim.gateway().unsent(hold)? {
            self.send(frame.as_ref().to_owned()).await?;
        }
        Ok(())
    }

    async fn send(&mut self, text: String) -> Result<(), End> {
        if self.silence != Silence::None {
            return Ok(());
        }
        let message = self.packing.pack(text).map_err(Error::Io)?;
        match tokio::time::timeout(PEER_PATIENCE, self.socket.send(message)).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(End::Peer(None)),
        }
    }
}
