//! What became of the happenings. Invariant: only Discord is asked: what its channels show in the end, and what it
//! answered.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use harness::Lab;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// What is shown later than this after it was told is late.
const LATE: SignedDuration = SignedDuration::from_secs(60);
/// Once nothing new was shown for so long, all is said.
const QUIET: Duration = Duration::from_secs(45);
/// How long that is waited for.
const GRACE: Duration = Duration::from_mins(3);
/// How often it is looked.
const LOOK: Duration = Duration::from_secs(1);

/// Waits until nothing new is shown in any of `labs`.
pub(crate) async fn settled(labs: [&Lab; 2]) {
    let (began, mut before, mut since) = (Instant::now(), [0; 2], Instant::now());
    while since.elapsed() < QUIET && began.elapsed() < GRACE {
        tokio::time::sleep(LOOK).await;
        let now = [labs[0].all_messages().await.len(), labs[1].all_messages().await.len()];
        if now != before {
            (before, since) = (now, Instant::now());
        }
    }
}

/// One line of the table for `program`, whose Discord is `lab`; `told` are the marks and when they were told.
pub(crate) async fn row(program: &str, lab: &Lab, told: &[(String, Timestamp)]) -> String {
    let shown: Vec<(String, Timestamp)> = lab.all_messages().await.iter().map(read).collect();
    let (mut lost, mut repeated, mut late) = (Vec::new(), Vec::new(), Vec::new());
    for (mark, at) in told {
        let mut times = shown.iter().filter(|(text, _)| text.contains(mark)).map(|(_, time)| *time);
        match times.next() {
            None => lost.push(mark),
            Some(first) if first.duration_since(*at) > LATE => late.push(mark),
            Some(_) => (),
        }
        if times.next().is_some() {
            repeated.push(mark);
        }
    }
    let log = lab.log().await;
    let rejected: Vec<&Value> =
        log.as_array().into_iter().flatten().filter(|one| is_rejection(one)).collect();
    let answers: BTreeSet<String> = rejected.iter().map(|one| one["answer"].to_string()).collect();
    eprintln!("{program}: lost {lost:?}, repeated {repeated:?}, late {late:?}");
    for answer in answers {
        eprintln!("  rejected: {answer}");
    }
    format!(
        "| {program} | {} | {} | {} | {} | {} |",
        told.len(),
        lost.len(),
        repeated.len(),
        rejected.len(),
        late.len()
    )
}

/// What a message says, and since when it is there.
fn read(message: &Value) -> (String, Timestamp) {
    let text = json!([message["content"], message["embeds"], message["components"]]).to_string();
    (text, message["timestamp"].as_str().and_then(|time| time.parse().ok()).unwrap())
}

/// Whether Discord refused a request for what it is, not for how many there are.
fn is_rejection(exchange: &Value) -> bool {
    exchange["status"].as_u64().is_some_and(|status| (400..500).contains(&status) && status != 429)
}
