//! A Vigie in this process, for what takes longer than a test may: its clock goes as the machine's does, and the
//! test can move it on.

use std::{ops::Deref, time::Duration};

use harness::{Client, Lab, Peer};
use tokio::{sync::oneshot, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};
use vigie::{app, clock::Clock, config};

/// A Vigie whose clock the test moves. It stops when it is dropped.
pub(crate) struct Inside {
    /// Its clock.
    pub(crate) clock: Clock,
    peer: Peer,
    task: JoinHandle<Result<(), app::AppError>>,
    stop: DropGuard,
}

impl Deref for Inside {
    type Target = Peer;

    fn deref(&self) -> &Peer {
        &self.peer
    }
}

impl Inside {
    /// Starts with `configuration`; its clock is `ahead` of the machine's.
    pub(crate) async fn start(lab: &Lab, configuration: &str, ahead: Duration) -> Self {
        Self::at_pace(lab, configuration, ahead, 1).await
    }

    /// As [`Inside::start`], with time that goes `pace` times as fast.
    pub(crate) async fn at_pace(lab: &Lab, configuration: &str, ahead: Duration, pace: u32) -> Self {
        let config = config::load(&lab.write_configuration(configuration)).unwrap().config;
        let clock = Clock::manual(Clock::system().now() + ahead);
        let stop = CancellationToken::new();
        tokio::spawn(stop.clone().run_until_cancelled_owned(tick(clock.clone(), pace)));
        let (told, address) = oneshot::channel();
        let listening = move |address| told.send(address).unwrap();
        let task = tokio::spawn(app::run(config, clock.clone(), stop.clone(), listening));
        let peer = Peer { origin: format!("http://{}", address.await.unwrap()), client: Client::forgetful() };
        Self { clock, peer, task, stop: stop.drop_guard() }
    }

    /// Ends it as SIGTERM does.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        self.task.await.unwrap().unwrap();
    }
}

/// Moves `clock` on as the machine's goes, `pace` times as fast.
async fn tick(clock: Clock, pace: u32) {
    const TICK: Duration = Duration::from_millis(5);
    let real = Clock::system();
    let mut last = real.now();
    loop {
        real.sleep(TICK).await;
        let now = real.now();
        clock.advance(pace * Duration::try_from(now.duration_since(last)).unwrap_or_default());
        last = now;
    }
}
