//! Pipelines of one branch, tag or pull request: the next one goes on with the incident of one that failed.
//! Invariants: a failure stays until a later pipeline has a verdict, success or failure; a pipeline that was overtaken
//! by number changes no fact, unless it failed and no later one has a verdict; what ended well is followed by an
//! incident of its own.

use crate::{
    event::Event,
    subject::{Pipeline, PipelineStatus, Subject},
};

/// The pipelines of an event and of an incident's facts, if these are such.
fn both<'a>(event: &'a Event, facts: &'a Subject) -> Option<(&'a Pipeline, &'a Pipeline)> {
    match (&event.subject, facts) {
        (Subject::Pipeline(new), Subject::Pipeline(known)) => Some((new, known)),
        _ => None,
    }
}

/// Whether `event` is about a pipeline that goes on with the incident of `facts`, which has ended; `None` if these
/// are no pipelines.
pub(super) fn goes_on(event: &Event, facts: &Subject) -> Option<bool> {
    both(event, facts).map(|(new, known)| new.number <= known.number)
}

/// Whether the pipeline of `facts` has the last word against `event`; `None` if these are no pipelines.
pub(super) fn is_overtaken(event: &Event, facts: &Subject) -> Option<bool> {
    let (new, known) = both(event, facts)?;
    if new.number == known.number {
        return Some(stage(new) < stage(known));
    }
    let open = |pipeline: &Pipeline| !has_failed(pipeline) && pipeline.status != PipelineStatus::Success;
    Some(match (open(new), open(known)) {
        (true, false) if has_failed(known) => true,
        (false, true) if has_failed(new) => false,
        _ => new.number < known.number,
    })
}

/// Whether `event` tells the state that `facts` are in already, perhaps with more of the log.
pub(super) fn is_same_state(event: &Event, facts: &Subject) -> bool {
    both(event, facts).is_some_and(|(new, known)| (new.number, new.status) == (known.number, known.status))
}

/// The number of the first pipeline that failed, by what was known and by `event`. Numbers say the order, whatever
/// order they are heard of in.
pub(super) fn first_failed(known: Option<u64>, event: &Event) -> Option<u64> {
    let Subject::Pipeline(pipeline) = &event.subject else { return known };
    let failed = Some(pipeline.number).filter(|_| has_failed(pipeline));
    known.into_iter().chain(failed).min()
}

fn has_failed(pipeline: &Pipeline) -> bool {
    matches!(pipeline.status, PipelineStatus::Failure | PipelineStatus::Error)
}

/// How far a pipeline has come.
fn stage(pipeline: &Pipeline) -> u8 {
    match pipeline.status {
        PipelineStatus::Pending | PipelineStatus::Blocked => 0,
        PipelineStatus::Running => 1,
        _ => 2,
    }
}
