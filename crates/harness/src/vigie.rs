//! A Vigie as a process of its own. Invariant: it does not outlive the test that started it.

use std::{
    ops::Deref,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use rustix::process::{Pid, Signal, kill_process};
use stack_sim::gitea::Delivery;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{Answer, Client, PATIENCE, eventually, patiently};

/// What a Vigie, wherever it runs, shows to whoever talks to it.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Where it listens, such as `http://127.0.0.1:41000`.
    pub origin: String,
    /// Talks to it.
    pub client: Client,
}

/// A running `vigie run`. It is killed when it is dropped.
#[derive(Debug)]
pub struct Vigie {
    /// When it was started.
    pub started: Instant,
    peer: Peer,
    child: Child,
    log: Arc<Mutex<String>>,
}

/// A `vigie run` that has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// How.
    pub status: ExitStatus,
    /// What it logged.
    pub log: String,
}

impl Ended {
    /// Whether SIGKILL ended it.
    pub fn is_killed(&self) -> bool {
        self.status.signal() == Some(Signal::KILL.as_raw())
    }
}

impl Deref for Vigie {
    type Target = Peer;

    fn deref(&self) -> &Peer {
        &self.peer
    }
}

impl Peer {
    /// `GET path`.
    pub async fn get(&self, path: &str) -> Answer {
        self.client.get(&format!("{}{path}", self.origin)).await
    }

    /// Waits until `/readyz` says ready.
    pub async fn ready(&self) {
        eventually("vigie is ready", async || (self.get("/readyz").await.status == 200).then_some(())).await;
    }

    /// Waits until `/readyz` says that it is not ready because of `reason`.
    pub async fn unready(&self, reason: &str) {
        eventually(&format!("vigie is not ready: {reason}"), async || {
            let answer = self.get("/readyz").await;
            (answer.status == 503 && answer.text().contains(reason)).then_some(())
        })
        .await;
    }

    /// What the metric `series`, with its labels, stands at.
    pub async fn metric(&self, series: &str) -> f64 {
        let metrics = self.get("/metrics").await.text();
        let value = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {series} in {metrics}"))
    }

    /// Waits until the metric `series` stands at `value`.
    pub async fn reaches(&self, series: &str, value: f64) {
        let reached = patiently(async || {
            let now = self.metric(series).await;
            if now.total_cmp(&value).is_eq() { Ok(()) } else { Err(now) }
        });
        reached.await.unwrap_or_else(|now| panic!("{series} does not reach {value}; it is {now}"));
    }

    /// Posts a delivery as Gitea does and returns the status; `None` if the connection broke.
    pub async fn post(&self, delivery: &Delivery) -> Option<u16> {
        let mut request = Request::post(format!("{}/hooks/gitea", self.origin));
        for (name, value) in delivery.headers() {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(delivery.body.clone()))).unwrap();
        self.client.try_request(request).await.map(|answer| answer.status)
    }

    /// Posts a delivery that is to be taken.
    pub async fn take(&self, delivery: &Delivery) {
        assert_eq!(self.post(delivery).await, Some(204), "{delivery:?}");
    }
}

impl Vigie {
    /// Starts `program run --config configuration` and waits until it listens.
    pub async fn start(program: &Path, configuration: &Path, client: Client) -> Self {
        let mut command = Command::new(program);
        command.args(["run", "--config"]).arg(configuration).env("RUST_LOG", "info,vigie=debug");
        Self::start_with(&mut command, client).await
    }

    /// Starts Vigie by `command` and waits until it listens.
    pub async fn start_with(command: &mut Command, client: Client) -> Self {
        let started = Self::try_start(command, client).await;
        started.unwrap_or_else(|ended| panic!("vigie does not listen: {ended:#?}"))
    }

    /// As [`Vigie::start_with`]; what was to be seen of it if it ends before it listens.
    pub async fn try_start(command: &mut Command, client: Client) -> Result<Self, Ended> {
        let started = Instant::now();
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let log = Arc::new(Mutex::new(String::new()));
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let kept = log.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let mut kept = kept.lock().unwrap();
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = async {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(origin) = line.strip_prefix("listening on ") {
                    return Some(origin.to_owned());
                }
            }
            None
        };
        let origin = tokio::time::timeout(PATIENCE, listening).await.ok().flatten();
        let Some(origin) = origin else {
            let status = tokio::time::timeout(PATIENCE, child.wait()).await;
            let log = log.lock().unwrap().clone();
            let status = status.unwrap_or_else(|_| panic!("vigie neither listens nor ends:\n{log}")).unwrap();
            return Err(Ended { status, log });
        };
        // Whoever writes to a closed pipe is killed, so the pipe stays open as long as it runs.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { started, peer: Peer { origin, client }, child, log })
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id().unwrap_or_else(|| panic!("vigie has ended:\n{}", self.log()))
    }

    /// Ends it with SIGKILL and waits until it is gone.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to end with SIGTERM; returns its exit code.
    pub async fn terminate(mut self) -> Option<i32> {
        let id = i32::try_from(self.id()).ok().and_then(Pid::from_raw).unwrap();
        kill_process(id, Signal::TERM).unwrap();
        self.wait().await
    }

    /// Waits for so long; whether it ended by SIGKILL. It must not end in another way.
    pub async fn is_killed_within(&mut self, time: Duration) -> bool {
        let Ok(status) = tokio::time::timeout(time, self.child.wait()).await else { return false };
        let ended = Ended { status: status.unwrap(), log: self.log() };
        assert!(ended.is_killed(), "{ended:#?}");
        true
    }

    /// Waits until it ends by itself; returns its exit code.
    pub async fn wait(&mut self) -> Option<i32> {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        ended.unwrap_or_else(|_| panic!("vigie does not end:\n{}", self.log())).unwrap().code()
    }
}

/// Resident memory of a process in bytes: `VmRSS` of `/proc/PID/status` (proc(5)).
pub fn resident_bytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
}
