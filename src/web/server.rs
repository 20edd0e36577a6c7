//! The HTTP server. Invariants:
//!
//! - A connection lives at most [`Limits::lifetime`] and then gets [`Limits::drain`] to finish what it
//!   does, so nobody can hold one for ever.
//! - A request's head comes whole within [`Limits::head`] of the connection's start or of the answer
//!   before it; that is the time-out of slow headers and of idle connections alike.
//! - At most [`Limits::connections`] are open. Beyond that, new ones wait in the system's queue until one
//!   ends: a sender that waits a moment loses nothing, one that is refused does.
//! - When it is told to stop it takes no new connection, lets running requests finish within
//!   [`Limits::drain`], and cuts what is left.

use std::{
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::Router;
use hyper::{
    Request,
    body::Incoming,
    rt::Timer,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use thiserror::Error;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{clock::Clock, intake::client::Peer};

/// What the server allows.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until the head of a request, the first or a next one, has come whole.
    pub head: Duration,
    /// How many connections are open at once.
    pub connections: usize,
    /// How long one connection is used.
    pub lifetime: Duration,
    /// How long requests may go on after the server or the connection was told to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(30),
            connections: 128,
            lifetime: Duration::from_hours(1),
            drain: Duration::from_secs(10),
        }
    }
}

/// The address can't be listened on.
#[derive(Debug, Error)]
#[error("can't listen on {address}: {error}; {}", remedy(error))]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// Why.
    pub error: io::Error,
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program has this port: stop it, or choose another one with [http] listen"
        }
        io::ErrorKind::AddrNotAvailable => "this machine has no such address: choose one of its own",
        io::ErrorKind::PermissionDenied => "ports below 1024 are reserved: choose a higher one",
        _ => "choose another address",
    }
}

/// A server that listens but does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    limits: Limits,
    clock: Clock,
}

impl Server {
    /// Listens on `address`; port 0 lets the system choose.
    pub async fn bind(address: SocketAddr, limits: Limits, clock: Clock) -> Result<Self, BindError> {
        let bound = async {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address, limits, clock })
        };
        bound.await.map_err(|error| BindError { address, error })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers by `router` until `cancel`, then drains. Every request carries its [`Peer`].
    pub async fn serve(self, router: Router, cancel: CancellationToken) {
        let Self { listener, limits, clock, .. } = self;
        let slots = Arc::new(Semaphore::new(limits.connections));
        let connections = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                () = cancel.cancelled() => break,
                accepted = accept(&listener, &slots, &clock) => accepted,
            };
            let Some((stream, peer, slot)) = accepted else { break };
            let connection =
                Connection { peer: Peer(peer), limits, clock: clock.clone(), cancel: cancel.clone() };
            let router = router.clone();
            connections.spawn(async move {
                connection.run(stream, router).await;
                drop(slot);
            });
        }
        drop(listener);
        connections.close();
        connections.wait().await;
    }
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
    clock: &Clock,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    // The semaphore is never closed, so this is `None` never.
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return Some((stream, peer, slot)),
            Err(error) => {
                // Out of file descriptors, or the client went away before it was accepted.
                tracing::warn!(%error, "could not accept a connection; trying again");
                clock.sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

struct Connection {
    peer: Peer,
    limits: Limits,
    clock: Clock,
    cancel: CancellationToken,
}

impl Connection {
    /// More than the head of any webhook needs.
    const HEAD: usize = 32 * 1024;
    /// What one connection holds at once of what it sends and is sent.
    const BUFFER: usize = 64 * 1024;

    async fn run(self, stream: TcpStream, router: Router) {
        let Self { peer, limits, clock, cancel } = self;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(peer = %peer.0, %error, "the connection ended before it began");
            return;
        }
        let router = TowerToHyperService::new(router);
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            router.call(request)
        });
        let connection = http1::Builder::new()
            .timer(ClockTimer(clock.clone()))
            .header_read_timeout(limits.head)
            .max_header_size(Self::HEAD)
            .max_buf_size(Self::BUFFER)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => Some(ended),
            () = cancel.cancelled() => None,
            () = clock.sleep(limits.lifetime) => None,
        };
        let ended = if ended.is_some() {
            ended
        } else {
            connection.as_mut().graceful_shutdown();
            clock.timeout(limits.drain, connection).await
        };
        match ended {
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::debug!(peer = %peer.0, %error, "a connection broke off"),
            None => tracing::warn!(peer = %peer.0, "cut a connection whose request did not end in time"),
        }
    }
}

/// Gives hyper Vigie's time.
struct ClockTimer(Clock);

impl Timer for ClockTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        let clock = self.0.clone();
        Box::pin(ClockSleep(Box::pin(async move { clock.sleep(duration).await })))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        self.sleep(deadline.saturating_duration_since(self.now()))
    }
}

struct ClockSleep(Pin<Box<dyn Future<Output = ()> + Send + Sync>>);

impl Future for ClockSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl hyper::rt::Sleep for ClockSleep {}
