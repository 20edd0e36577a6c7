//! A machine whose bus and service manager come and go, and the Vigies that run on it one after the other.

use std::{path::PathBuf, process::Stdio, time::Duration};

use harness::{FALLBACK, Lab, Vigie, eventually};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use stack_sim::systemd::Systemd;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};
use vigie::clock::Clock;

use crate::vigie;

/// Where everything goes.
pub(super) const CHANNEL: u64 = FALLBACK + 1;

/// What is of the bus's own: one address, for whoever may open its socket.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>ADDRESS</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// A Discord, a bus, and a service manager on it.
pub(super) struct Machine {
    pub(super) lab: Lab,
    pub(super) systemd: Systemd,
    bus: Option<Child>,
}

impl Machine {
    /// A machine that runs; `None`, and a word why, where there is no `dbus-daemon`.
    pub(super) async fn new() -> Option<Self> {
        let there = Command::new("dbus-daemon").arg("--version").stdout(Stdio::null()).status().await;
        if let Err(error) = there {
            println!("skipped: systemd on a bus: dbus-daemon: {error}");
            return None;
        }
        let now = || Clock::system().now().as_microsecond().unsigned_abs();
        let mut machine = Self { lab: Lab::new(1).await, systemd: Systemd::new(Box::new(now)), bus: None };
        std::fs::write(machine.file("bus.conf"), BUS.replace("ADDRESS", &machine.address())).unwrap();
        machine.bus_comes().await;
        Some(machine)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.lab.folder().join(name)
    }

    pub(super) fn address(&self) -> String {
        format!("unix:path={}", self.file("bus").display())
    }

    /// The bus is there, and the service manager on it.
    pub(super) async fn bus_comes(&mut self) {
        let mut bus = Command::new("dbus-daemon")
            .args(["--nofork", "--nopidfile", "--print-address", "--config-file"])
            .arg(self.file("bus.conf"))
            .stdout(Stdio::piped())
            // It complains that it may not have more file descriptors.
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(bus.stdout.take().unwrap()).lines();
        lines.next_line().await.unwrap().expect("the bus says its address once it listens");
        self.bus = Some(bus);
        self.systemd.join(&self.address()).await.unwrap();
    }

    /// The bus is gone, and everybody on it.
    pub(super) async fn bus_goes(&mut self) {
        self.systemd.leave();
        if let Some(mut bus) = self.bus.take() {
            bus.kill().await.unwrap();
        }
    }

    /// Starts a Vigie that follows the units, and sends everything to the first channel.
    pub(super) async fn vigie(&self, more: &str) -> Vigie {
        let text = format!("[sources.systemd]\nenable = true\n{more}\n[[routes]]\nchannels = [{CHANNEL}]\n");
        let configuration = self.lab.write_configuration(&self.lab.configuration(&text));
        let mut command = Command::new(vigie());
        command.args(["run", "--config"]).arg(configuration);
        command.env("RUST_LOG", "info,vigie=debug").env("DBUS_SYSTEM_BUS_ADDRESS", self.address());
        Vigie::start_with(&mut command, self.lab.client.clone()).await
    }

    /// Waits until somebody listens and has asked what failed, since `listings` times ago.
    pub(super) async fn is_followed(&self, listings: usize) {
        eventually("systemd is followed", async || {
            (self.systemd.subscribers() > 0 && self.systemd.listings() > listings).then_some(())
        })
        .await;
    }

    /// A Vigie that follows the units already.
    pub(super) async fn follower(&self) -> Vigie {
        let listings = self.systemd.listings();
        let vigie = self.vigie("").await;
        self.is_followed(listings).await;
        vigie
    }

    /// Waits until the newest message of the channel says `text`; all of its messages then.
    pub(super) async fn says(&self, text: &str) -> Vec<Value> {
        eventually(&format!("the newest message says: {text}"), async || {
            let messages = self.lab.messages(CHANNEL).await;
            let says = messages.last()?["embeds"].to_string().contains(text);
            says.then_some(messages)
        })
        .await
    }

    /// How many messages of the fallback channel say `text`.
    pub(super) async fn complaints(&self, text: &str) -> usize {
        let messages = self.lab.messages(FALLBACK).await;
        messages.iter().filter(|message| message["embeds"].to_string().contains(text)).count()
    }

    /// The incidents of units, oldest first.
    pub(super) fn incidents(&self) -> Vec<Value> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let conn = Connection::open_with_flags(self.file("vigie.db"), flags).unwrap();
        conn.busy_timeout(Duration::from_secs(10)).unwrap();
        let sql = "SELECT data FROM incidents WHERE source = 'systemd' AND data <> '{}' ORDER BY id";
        let mut statement = conn.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.map(|data| serde_json::from_str(&data.unwrap()).unwrap()).collect()
    }
}
