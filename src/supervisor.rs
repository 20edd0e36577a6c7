//! Owns every long task. Invariants: a task that ends before it was told to is an error that ends the
//! process (systemd starts it anew); tasks are told to stop stage by stage, so that what feeds a part stops
//! before the part; a stop takes at most its deadline.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::clock::Clock;

/// When a task is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// First: what brings work in.
    Intake,
    /// Then: what does the work.
    Work,
    /// Last: what others lean on.
    Base,
}

const STAGES: [Stage; 3] = [Stage::Intake, Stage::Work, Stage::Base];

/// A task ended although nobody had told it to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the task '{task}' ended unexpectedly ({reason}); the process ends so that it is started anew")]
pub struct Ended {
    task: &'static str,
    reason: String,
}

/// The long tasks of one process.
#[derive(Debug)]
pub struct Supervisor {
    clock: Clock,
    tasks: [JoinSet<Ended>; STAGES.len()],
    stops: [CancellationToken; STAGES.len()],
}

impl Supervisor {
    /// No tasks yet.
    pub fn new(clock: Clock) -> Self {
        Self { clock, tasks: STAGES.map(|_| JoinSet::new()), stops: STAGES.map(|_| CancellationToken::new()) }
    }

    /// Is cancelled when the tasks of `stage` are to stop.
    pub fn stop(&self, stage: Stage) -> CancellationToken {
        self.stops[stage as usize].clone()
    }

    /// Runs `work`, which ends once the stop of its stage is cancelled.
    pub fn spawn<F>(&mut self, task: &'static str, stage: Stage, work: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let work = AbortOnDropHandle::new(tokio::spawn(work));
        self.tasks[stage as usize].spawn(async move {
            let reason = match work.await {
                Ok(()) => "it returned".to_owned(),
                Err(error) => error.to_string(),
            };
            Ended { task, reason }
        });
    }

    /// Waits until `shutdown`, or until a task ends by itself; then stops all, each stage within `deadline`.
    pub async fn run(mut self, shutdown: CancellationToken, deadline: Duration) -> Result<(), Ended> {
        let [intake, work, base] = &mut self.tasks;
        let outcome = tokio::select! {
            () = shutdown.cancelled() => Ok(()),
            Some(Ok(ended)) = intake.join_next() => Err(ended),
            Some(Ok(ended)) = work.join_next() => Err(ended),
            Some(Ok(ended)) = base.join_next() => Err(ended),
        };
        for (stage, (tasks, stop)) in STAGES.into_iter().zip(self.tasks.iter_mut().zip(&self.stops)) {
            stop.cancel();
            let drained = async { while tasks.join_next().await.is_some() {} };
            if self.clock.timeout(deadline, drained).await.is_none() {
                tracing::warn!(?stage, left = tasks.len(), ?deadline, "tasks did not stop in time; cut off");
                tasks.shutdown().await;
            }
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[tokio::test]
    async fn stages_stop_one_after_the_other() {
        let mut supervisor = Supervisor::new(Clock::system());
        let order = Arc::new(Mutex::new(Vec::new()));
        for (name, stage) in [("store", Stage::Base), ("web", Stage::Intake), ("sender", Stage::Work)] {
            let (stop, order) = (supervisor.stop(stage), order.clone());
            supervisor.spawn(name, stage, async move {
                stop.cancelled().await;
                order.lock().unwrap().push(name);
            });
        }
        let shutdown = CancellationToken::new();
        shutdown.cancel();
        supervisor.run(shutdown, Duration::from_mins(1)).await.unwrap();
        assert_eq!(*order.lock().unwrap(), ["web", "sender", "store"]);
    }

    #[tokio::test]
    async fn a_task_that_panics_ends_the_process_with_its_name() {
        let mut supervisor = Supervisor::new(Clock::system());
        supervisor.spawn("sender", Stage::Work, async { panic!("no bucket") });
        let error = supervisor.run(CancellationToken::new(), Duration::from_mins(1)).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("'sender'") && text.contains("no bucket"), "{text}");
    }

    #[tokio::test]
    async fn a_task_that_does_not_stop_is_cut_off_at_the_deadline() {
        let mut supervisor = Supervisor::new(Clock::system());
        supervisor.spawn("deaf", Stage::Work, std::future::pending());
        let shutdown = CancellationToken::new();
        shutdown.cancel();
        supervisor.run(shutdown, Duration::from_millis(10)).await.unwrap();
    }
}
