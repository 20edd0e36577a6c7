//! One connection of serenity, carried to the gateway and back. Invariants: serenity never sees a close
//! code, op 7 or op 9 of Discord's; every end of a connection is an [`End`]; the deadline that runs is
//! always the one of the phase that the connection is in.

use std::{
    collections::VecDeque,
    ops::ControlFlow::{self, Break, Continue},
    pin::Pin,
    time::{Duration, Instant},
};

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::CloseFrame},
};

use super::{
    Cause, END_SESSION, KEEP_SESSION, Moves, Received, Serenity, State, WRITE, Worker,
    close_code::{Verdict, verdict},
    dial::{Gateway, dial},
    frame::{self, Frame},
    is_discords, say_goodbye,
};
use crate::reason::Reason;

/// How a connection ended.
pub(super) enum End {
    /// The session lives on: serenity is to resume it.
    Broken(Reason),
    /// serenity closed the connection with this code, if it gave one.
    Left(Option<u16>),
    /// The session is over.
    Over(Cause),
}

fn over(why: Reason) -> End {
    End::Over(Cause::Lost(why))
}

/// One connection, as far as it is.
pub(super) struct Connection<'a> {
    worker: &'a mut Worker,
    serenity: &'a mut Serenity,
    gateway: Gateway,
    established: bool,
    /// When the heartbeat that waits for its acknowledgement was sent.
    heartbeat: Option<Instant>,
    /// The deadline that runs: READY's first, then the acknowledgement's.
    timer: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl<'a> Connection<'a> {
    /// Connects to the gateway and carries frames until either side ends it.
    pub(super) async fn carry(worker: &'a mut Worker, serenity: &'a mut Serenity) -> End {
        // serenity's RESUME does not wait for HELLO.
        let mut early = VecDeque::new();
        let gateway = match reach(worker, serenity, &mut early).await {
            Ok(gateway) => gateway,
            Err(end) => return end,
        };
        let mut connection =
            Self { worker, serenity, gateway, established: false, heartbeat: None, timer: None };
        connection.arm(connection.worker.limits.ready);
        let end = loop {
            let step = if let Some(text) = early.pop_front() {
                connection.up(text).await
            } else {
                connection.step().await
            };
            if let Break(end) = step {
                break end;
            }
        };
        let code = match &end {
            End::Broken(_) | End::Left(None) => KEEP_SESSION,
            End::Left(Some(code)) => *code,
            End::Over(_) => END_SESSION,
        };
        say_goodbye(&mut connection.gateway, code, &connection.worker.clock).await;
        end
    }

    async fn step(&mut self) -> ControlFlow<End> {
        tokio::select! {
            message = self.gateway.next() => match message {
                Some(Ok(Message::Text(text))) => self.down(text).await,
                Some(Ok(Message::Binary(_))) => Break(over(Reason::new("gateway-binary"))),
                Some(Ok(Message::Close(frame))) => self.closed(frame.as_ref()),
                Some(Ok(_)) => Continue(()),
                Some(Err(error)) => {
                    Break(self.cut(Reason::new("gateway-broken").with("error", error.to_string())))
                }
                None => Break(self.cut(Reason::new("gateway-cut"))),
            },
            message = self.serenity.next() => match leaving(&message) {
                Some(end) => Break(end),
                None => match message {
                    Some(Ok(Message::Text(text))) => self.up(text).await,
                    _ => Continue(()),
                },
            },
            () = expired(&mut self.timer) => Break(self.too_late()),
        }
    }

    /// From the gateway to serenity.
    async fn down(&mut self, text: String) -> ControlFlow<End> {
        let Ok(frame) = serde_json::from_str::<Frame>(&text) else {
            return Break(over(Reason::new("gateway-no-payload")));
        };
        match (frame.op, frame.t.as_deref()) {
            (0, Some("READY")) => {
                self.follow(&text);
                self.establish(frame.s).await?;
            }
            (0, Some("RESUMED")) => self.establish(frame.s).await?,
            (7, _) => return Break(self.cut(Reason::new("gateway-asked-anew"))),
            (9, _) if frame::is_resumable(&text) => {
                return Break(self.cut(Reason::new("gateway-connection-invalid")));
            }
            (9, _) => return Break(over(Reason::new("gateway-session-invalid"))),
            (11, _) => {
                if let Some(sent) = self.heartbeat.take() {
                    self.worker.latency.set(sent.elapsed());
                }
                if self.established {
                    self.timer = None;
                }
            }
            _ => {}
        }
        forward(self.worker, self.serenity, text, "serenity").await
    }

    /// From serenity to the gateway.
    async fn up(&mut self, text: String) -> ControlFlow<End> {
        let text = match serde_json::from_str::<Frame>(&text).map(|frame| frame.op) {
            Ok(2) if self.worker.identified => return Break(over(Reason::new("gateway-serenity-anew"))),
            Ok(2) => {
                self.worker.identified = true;
                frame::plain_identify(&text)
            }
            Ok(1) => {
                self.await_acknowledgement();
                text
            }
            _ => text,
        };
        forward(self.worker, &mut self.gateway, text, "gateway").await
    }

    /// READY or RESUMED came, with this sequence number.
    async fn establish(&mut self, sequence: Option<u64>) -> ControlFlow<End> {
        self.established = true;
        self.timer = None;
        self.heartbeat = None;
        self.worker.state.send_replace(State::Established);
        // serenity's own first heartbeat is an interval away; this one measures the latency now.
        let heartbeat = serde_json::json!({ "op": 1, "d": sequence }).to_string();
        self.await_acknowledgement();
        forward(self.worker, &mut self.gateway, heartbeat, "gateway").await
    }

    /// A heartbeat goes out. Only the oldest that was not acknowledged counts.
    fn await_acknowledgement(&mut self) {
        if self.heartbeat.is_none() {
            self.heartbeat = Some(Instant::now());
            if self.established {
                self.arm(self.worker.limits.acknowledge);
            }
        }
    }

    fn arm(&mut self, deadline: Duration) {
        let clock = self.worker.clock.clone();
        self.timer = Some(Box::pin(async move { clock.sleep(deadline).await }));
    }

    fn too_late(&self) -> End {
        let limits = self.worker.limits;
        if self.established {
            let limit = format!("{:?}", limits.acknowledge);
            End::Broken(Reason::new("gateway-no-acknowledgement").with("limit", limit))
        } else {
            over(Reason::new("gateway-not-ready").with("limit", format!("{:?}", limits.ready)))
        }
    }

    /// What a close frame leads to.
    fn closed(&self, frame: Option<&CloseFrame<'_>>) -> ControlFlow<End> {
        let said = match frame {
            Some(CloseFrame { code, reason }) if reason.is_empty() => {
                Reason::new("gateway-closed").with("code", code.to_string())
            }
            Some(CloseFrame { code, reason }) => Reason::new("gateway-closed-saying")
                .with("code", code.to_string())
                .with("words", reason.as_ref()),
            None => Reason::new("gateway-closed-without-code"),
        };
        Break(match verdict(frame.map(|frame| frame.code.into())) {
            Verdict::Resume => self.cut(said),
            Verdict::Renew => over(said),
            Verdict::Fatal(reason) => End::Over(Cause::Fatal(reason)),
        })
    }

    /// The connection is gone: it is resumed if it was established, else there is nothing to resume.
    fn cut(&self, why: Reason) -> End {
        if self.established { End::Broken(why) } else { over(why) }
    }

    /// Resumes go to the address that READY names, unless an endpoint is configured.
    fn follow(&mut self, ready: &str) {
        let gate = &mut self.worker.gate;
        if gate.moves == Moves::Follow
            && let Some(url) = frame::resume_address(ready).filter(is_discords)
        {
            gate.url = url;
        }
    }
}

/// Connects to the gateway; keeps what serenity says meanwhile.
async fn reach(
    worker: &Worker,
    serenity: &mut Serenity,
    early: &mut VecDeque<String>,
) -> Result<Gateway, End> {
    let (limit, host) = (worker.limits.dial, worker.gate.url.host_str().unwrap_or_default());
    let mut url = worker.gate.url.clone();
    url.set_query(Some("v=10&encoding=json"));
    let dialling = worker.clock.timeout(limit, dial(&url));
    tokio::pin!(dialling);
    loop {
        tokio::select! {
            dialled = &mut dialling => return match dialled {
                Some(Ok(gateway)) => Ok(gateway),
                Some(Err(error)) => Err(over(
                    Reason::new("gateway-unreachable").with("host", host).with("reason", error.reason()),
                )),
                None => Err(over(
                    Reason::new("gateway-dial-late").with("host", host).with("limit", format!("{limit:?}")),
                )),
            },
            message = serenity.next() => {
                if let Some(end) = leaving(&message) {
                    return Err(end);
                }
                if let Some(Ok(Message::Text(text))) = message {
                    early.push_back(text);
                }
            }
        }
    }
}

/// Whether serenity leaves with this message. It does so without a close frame when it connects anew.
fn leaving(message: &Received) -> Option<End> {
    match message {
        Some(Ok(Message::Close(frame))) => Some(End::Left(frame.as_ref().map(|frame| frame.code.into()))),
        Some(Ok(_)) => None,
        Some(Err(_)) | None => Some(End::Left(None)),
    }
}

async fn forward<S>(
    worker: &Worker,
    to: &mut WebSocketStream<S>,
    text: String,
    whom: &str,
) -> ControlFlow<End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match worker.clock.timeout(WRITE, to.send(Message::Text(text))).await {
        Some(Ok(())) => Continue(()),
        // Why, by a close code perhaps, is read with the next message.
        Some(Err(error)) => {
            tracing::debug!(%error, whom, "a frame could not be written");
            Continue(())
        }
        None => {
            Break(over(Reason::new("gateway-deaf").with("whom", whom).with("limit", format!("{WRITE:?}"))))
        }
    }
}

async fn expired(timer: &mut Option<Pin<Box<dyn Future<Output = ()> + Send>>>) {
    match timer {
        Some(timer) => timer.await,
        None => std::future::pending().await,
    }
}
