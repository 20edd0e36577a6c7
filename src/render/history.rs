//! Who did what to an incident, and when, as a field. Invariant: the first step and the newest are always shown,
//! and what stands between them is counted.

use super::{
    limits, markdown,
    message::Field,
    page::{Layout, Page, label},
};
use crate::{
    incident::{Deed, Step},
    subject::Subject,
};

/// How many of the newest steps of a history are shown, beside the first.
const NEWEST: usize = 7;

/// Who did what; none as long as that is only the opening, which the message itself shows.
pub(super) fn history(page: &Page<'_>) -> Option<Field> {
    let history = &page.incident.history;
    if history.steps.is_empty() || matches!(&history.steps[..], [only] if only.deed == Deed::Opened) {
        return None;
    }
    let hidden = history.steps.len().saturating_sub(1 + NEWEST);
    let forgotten = hidden as u64 + u64::from(history.forgotten);
    let mut lines = vec![line(page, &history.steps[0])];
    if forgotten > 0 {
        lines.push(page.say("steps-between", &[("n", forgotten.into())]));
    }
    lines.extend(history.steps[1 + hidden..].iter().map(|step| line(page, step)));
    page.field("field-history", page.list(&lines, "\n", limits::HISTORY), Layout::Alone)
}

fn line(page: &Page<'_>, step: &Step) -> String {
    let (word, time) = match (&step.deed, &page.incident.subject) {
        (Deed::Other(word), Subject::Deployment(_)) => {
            let plain = label(&word.replace('_', " "), 30);
            let variables = [("state", word.as_str().into()), ("word", plain.into())];
            (page.say("deployment-state", &variables), markdown::second(step.at))
        }
        (Deed::Other(word), _) => (label(&word.replace('_', " "), 30), markdown::ago(step.at)),
        _ => (String::new(), markdown::ago(step.at)),
    };
    let what = page.say(
        "step",
        &[("deed", step.deed.as_str().into()), ("times", step.times.into()), ("word", word.into())],
    );
    let by = label(step.by.as_deref().unwrap_or_default(), 30);
    let who =
        if by.is_empty() { what } else { page.say("step-by", &[("what", what.into()), ("who", by.into())]) };
    format!("{who} · {time}")
}
