//! The programs that the demo's Vigie asks: they are gone when this is dropped.

use std::{io, net::SocketAddr, time::Duration};

use stack_sim::{
    alertmanager::Alertmanager,
    systemd::Systemd,
    woodpecker::{Dialect, Options, Woodpecker},
};
use tempfile::TempDir;
use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::watch::TOKEN;
use crate::clock::Clock;

/// The name of the socket.
const BUS: &str = "bus";

/// An Alertmanager, a Woodpecker with one repository, and a systemd.
pub(super) struct Backends {
    pub(super) alertmanager: Alertmanager,
    pub(super) woodpecker: Woodpecker,
    /// Woodpecker's id of the repository.
    pub(super) repository: i64,
    /// Where Woodpecker listens.
    pub(super) woodpecker_at: SocketAddr,
    pub(super) systemd: Systemd,
    /// The folder with the socket that systemd is at.
    folder: TempDir,
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
        let folder = TempDir::new()?;
        let mut systemd = Systemd::new(Box::new(|| {
            u64::try_from(Clock::system().now().as_microsecond()).unwrap_or_default()
        }));
        systemd.serve(UnixListener::bind(folder.path().join(BUS))?);
        Ok(Self {
            alertmanager,
            woodpecker,
            repository,
            woodpecker_at,
            systemd,
            folder,
            _stop: stop.drop_guard(),
        })
    }

    /// The address of the bus that systemd is on.
    pub(super) fn bus(&self) -> String {
        format!("unix:path={}", self.folder.path().join(BUS).display())
    }

    /// Whether Vigie hears of a pipeline or a unit as soon as something becomes of it.
    pub(super) fn are_followed(&self) -> bool {
        self.woodpecker.streams() > 0 && self.systemd.subscribers() > 0
    }
}
