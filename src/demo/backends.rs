//! The programs that the demo's Vigie asks: they are gone when this is dropped.

use std::{io, net::SocketAddr, time::Duration};

use stack_sim::{
    alertmanager::Alertmanager,
    woodpecker::{Dialect, Options, Woodpecker},
};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::watch::TOKEN;
use crate::clock::Clock;

/// An Alertmanager and a Woodpecker with one repository.
pub(super) struct Backends {
    pub(super) alertmanager: Alertmanager,
    pub(super) woodpecker: Woodpecker,
    /// Woodpecker's id of the repository.
    pub(super) repository: i64,
    /// Where Woodpecker listens.
    pub(super) woodpecker_at: SocketAddr,
    _stop: DropGuard,
}

impl Backends {
    pub(super) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let woodpecker_at = listener.local_addr()?;
        let woodpecker = Woodpecker::new(Options {
            dialect: Dialect::V3,
            token: TOKEN.to_owned(),
            now: Box::new(|| Clock::system().now().as_second()),
            ping: Duration::from_secs(30),
        });
        let repository = woodpecker.activate("harbor/lighthouse");
        let stop = CancellationToken::new();
        let serving = woodpecker.clone().serve(listener, stop.clone());
        tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the simulated Woodpecker ended");
            }
        });
        let alertmanager = Alertmanager::start().await?;
        Ok(Self { alertmanager, woodpecker, repository, woodpecker_at, _stop: stop.drop_guard() })
    }
}
