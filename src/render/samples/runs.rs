//! Pipelines and deployments.

use super::{at, incident, step, watch::of_machine};
use crate::{
    event::{Severity, Source, Told},
    incident::{Deed, History, Incident, Life},
    subject::{Deployment, DeploymentState, FailedStep, Pipeline, PipelineStatus, Subject},
};

fn lines(text: &str) -> Vec<String> {
    text.lines().map(ToOwned::to_owned).collect()
}

pub(in crate::render) fn failed(name: &str, log: &str) -> FailedStep {
    FailedStep {
        workflow: "build".into(),
        name: name.into(),
        exit_code: 3,
        error: String::new(),
        log: lines(log),
        earlier_lines: 0,
    }
}

pub(in crate::render) fn pipeline(status: PipelineStatus) -> Pipeline {
    use PipelineStatus::{Blocked, Pending, Running};
    let ended = !matches!(status, Pending | Running | Blocked);
    Pipeline {
        number: 42,
        status,
        event: "push".into(),
        branch: "main".into(),
        commit: "1a2b3c4".repeat(5),
        title: "Light the lamp at dusk".into(),
        url: Some("https://ci.example.org/repos/1/pipeline/42".into()),
        errors: Vec::new(),
        failed: Vec::new(),
        started: (status != Pending).then(|| at(0)),
        finished: ended.then(|| at(134)),
    }
}

fn run(pipeline: Pipeline, before: &[&str]) -> Incident {
    let deeds = before.iter().zip(0..);
    let steps = deeds.map(|(word, n)| step(Deed::Other((*word).into()), "", n * 60, 1)).collect();
    Incident {
        source: Source::Woodpecker,
        severity: Severity::Warning,
        history: History { steps, forgotten: 0 },
        actor: None,
        ..incident(Subject::Pipeline(pipeline))
    }
}

fn pipelines() -> Vec<(&'static str, Incident)> {
    use PipelineStatus::{Blocked, Declined, Error, Failure, Killed, Pending, Running, Skipped, Success};
    let plain = |status| run(pipeline(status), &[]);
    let test = FailedStep {
        earlier_lines: 120,
        ..failed(
            "test",
            "running 3 tests\n  lamp … ok\n  horn … FAILED\n\u{1b}[31merror\u{1b}[0m: no ``` sound\n",
        )
    };
    let killed =
        FailedStep { exit_code: 0, error: "oom killed".into(), log: Vec::new(), ..failed("lint", "") };
    let endless = "the same line of a log, said again and again\n".repeat(100);
    let many = (0..5).map(|n| failed(&format!("step-{n}"), &endless)).collect();
    let broken = Pipeline {
        errors: vec![
            "yaml: line 4: did not find expected '-' indicator".into(),
            "unknown key `stpes`".into(),
        ],
        ..pipeline(Error)
    };
    vec![
        ("pipeline_pending", plain(Pending)),
        ("pipeline_running", plain(Running)),
        ("pipeline_running_after_a_failure", run(pipeline(Running), &["failure", "pending", "running"])),
        (
            "pipeline_failed_again",
            Incident { broken_by: Some(40), ..run(pipeline(Failure), &["failure", "failure"]) },
        ),
        ("pipeline_blocked", plain(Blocked)),
        ("pipeline_passed", run(pipeline(Success), &["failure", "success", "running", "success"])),
        ("pipeline_failed", run(Pipeline { failed: vec![test, killed], ..pipeline(Failure) }, &["failure"])),
        ("pipeline_failed_in_many_steps", run(Pipeline { failed: many, ..pipeline(Failure) }, &["failure"])),
        (
            "pipeline_fixed",
            Incident {
                broken_by: Some(42),
                ..run(
                    Pipeline {
                        number: 43,
                        url: Some("https://ci.example.org/repos/1/pipeline/43".into()),
                        ..pipeline(Success)
                    },
                    &["running", "failure", "pending", "running", "success"],
                )
            },
        ),
        ("pipeline_broken", run(broken, &["error"])),
        ("pipeline_stopped", plain(Killed)),
        ("pipeline_declined", plain(Declined)),
        ("pipeline_skipped", plain(Skipped)),
        ("pipeline_found_late", Incident { told: Told::Late, found: Some(at(9000)), ..plain(Success) }),
    ]
}

pub(in crate::render) fn deployment(state: DeploymentState) -> Deployment {
    Deployment {
        deployment: "pi-000042".into(),
        target: "pi".into(),
        commit: Some("1a2b3c4".repeat(5)),
        state,
        generation: Some(42),
        reason: String::new(),
        log: Vec::new(),
        url: None,
    }
}

fn deploy(deployment: Deployment, life: Life, states: &[&str]) -> Incident {
    let deeds = states.iter().zip(0..);
    let steps: Vec<_> = deeds.map(|(word, n)| step(Deed::Other((*word).into()), "", n * 40, 1)).collect();
    let subject = Subject::Deployment(deployment);
    let incident = of_machine(Source::Deploy, life, Severity::Info, subject);
    Incident {
        updated: steps.last().map_or(incident.updated, |last| last.at),
        history: History { steps, forgotten: 0 },
        ..incident
    }
}

fn deployments() -> Vec<(&'static str, Incident)> {
    use DeploymentState::{Building, Checking, Failed, Live, Planned, RolledBack, Switching};
    const STATES: [&str; 5] = ["planned", "building", "switching", "checking", "live"];
    let going = |state, n: usize| deploy(deployment(state), Life::Open, &STATES[..n]);
    let back = Deployment {
        reason: "blog.service answered 502 for 60 s".into(),
        log: lines("checking blog.service\nGET /health: 502\ngiving up"),
        url: Some("https://pi.example.org/deployments/42".into()),
        ..deployment(RolledBack)
    };
    let failed = Deployment {
        reason: "the system did not build".into(),
        log: lines("error: builder for 'blog.drv' failed with exit code 1"),
        generation: None,
        ..deployment(Failed)
    };
    vec![
        ("deployment_planned", going(Planned, 1)),
        ("deployment_building", going(Building, 2)),
        ("deployment_switching", going(Switching, 3)),
        ("deployment_checking", going(Checking, 4)),
        ("deployment_live", deploy(deployment(Live), Life::Closed, &STATES)),
        (
            "deployment_rolled_back",
            deploy(back, Life::Closed, &["planned", "building", "switching", "checking", "rolled_back"]),
        ),
        ("deployment_failed", deploy(failed, Life::Closed, &["planned", "building", "failed"])),
    ]
}

pub(super) fn all() -> Vec<(&'static str, Incident)> {
    [pipelines(), deployments()].concat()
}
