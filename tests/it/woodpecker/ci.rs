//! A simulated Woodpecker that a Vigie can lose and find again at one address.

use std::{net::SocketAddr, time::Duration};

use harness::{Lab, eventually};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use stack_sim::woodpecker::{Dialect, Options, Woodpecker};
use tokio::{net::TcpSocket, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};
use vigie::clock::Clock;

const TOKEN: &str = "a personal token for tests only";

/// A Woodpecker with one repository.
pub(super) struct Ci {
    pub(super) woodpecker: Woodpecker,
    pub(super) repository: i64,
    address: SocketAddr,
    /// Bound and never listening: while Woodpecker is away nobody else gets its port.
    _port: TcpSocket,
    serving: Option<(JoinHandle<()>, DropGuard)>,
}

impl Ci {
    pub(super) fn new(dialect: Dialect) -> Self {
        // A little behind, so that what ends before Vigie starts does so in an earlier second.
        let now = Box::new(|| Clock::system().now().as_second() - 5);
        let ping = Duration::from_secs(30);
        let woodpecker = Woodpecker::new(Options { dialect, token: TOKEN.into(), now, ping });
        let port = socket(([127, 0, 0, 1], 0).into());
        let address = port.local_addr().unwrap();
        let repository = woodpecker.activate("harbor/lighthouse");
        let mut ci = Self { woodpecker, repository, address, _port: port, serving: None };
        ci.comes_back();
        ci
    }

    pub(super) async fn leaves(&mut self) {
        if let Some((served, stop)) = self.serving.take() {
            drop(stop);
            served.await.unwrap();
        }
    }

    pub(super) fn comes_back(&mut self) {
        let listener = socket(self.address).listen(64).unwrap();
        let stop = CancellationToken::new();
        let serve = self.woodpecker.clone().serve(listener, stop.clone());
        self.serving = Some((tokio::spawn(async { serve.await.unwrap() }), stop.drop_guard()));
    }

    /// A configuration that follows it and sends everything to the first channel.
    pub(super) fn configuration(&self, lab: &Lab) -> String {
        let folder = lab.folder().display();
        std::fs::write(lab.folder().join("woodpecker-token"), format!("{TOKEN}\n")).unwrap();
        lab.configuration(&format!(
            "[sources.woodpecker]\nurl = \"http://{}\"\napi_token_file = \"{folder}/woodpecker-token\"\n\
             [[routes]]\nchannels = [{}]",
            self.address,
            harness::FALLBACK + 1
        ))
    }

    /// Waits until somebody follows it and has listed what there is.
    pub(super) async fn is_followed(&self) {
        eventually("Woodpecker is followed", async || {
            (self.woodpecker.streams() == 1 && self.asked("/pipelines?") > 0).then_some(())
        })
        .await;
    }

    /// How many requests had `part` in them.
    pub(super) fn asked(&self, part: &str) -> usize {
        self.woodpecker.requests().iter().filter(|request| request.contains(part)).count()
    }
}

fn socket(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

/// The incidents of pipelines, oldest first.
pub(super) fn incidents(lab: &Lab) -> Vec<Value> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let conn = Connection::open_with_flags(lab.folder().join("vigie.db"), flags).unwrap();
    conn.busy_timeout(Duration::from_secs(10)).unwrap();
    let sql = "SELECT data FROM incidents WHERE source = 'woodpecker' AND data <> '{}' ORDER BY id";
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    rows.map(|data| serde_json::from_str(&data.unwrap()).unwrap()).collect()
}

/// Waits until the newest incident's pipeline is as `condition` wants it; that incident.
pub(super) async fn pipeline(lab: &Lab, what: &str, condition: impl Fn(&Value) -> bool) -> Value {
    eventually(what, async || incidents(lab).pop().filter(|incident| condition(&incident["subject"]))).await
}
