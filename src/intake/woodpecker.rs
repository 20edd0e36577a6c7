//! Woodpecker (2.8, 3.x), which has no webhooks: its event stream is followed, and what the stream did not tell is
//! found by listing. Invariants:
//! - each state of a pipeline is stored at most once, and none that a listing can find is lost: what was told is
//!   known only after it is stored, and what is stored twice has the same delivery id;
//! - the stream is a hurry, not a source of truth: it has no ids, repeats nothing and leaves out some changes, so a
//!   listing follows each connect, and another every [`EVERY`];
//! - what a step wrote comes after the step's last state, so it is read again until it rests, and then stored as a
//!   further state;
//! - whatever Woodpecker says or does not say, nothing here ends by itself.

mod follower;
mod listing;
mod log;
mod logs;
mod mask;
mod reach;
mod report;
mod seen;
mod sse;
mod stream;

use std::time::Duration;

pub use self::follower::Follower;
use crate::event::Event;

/// How often everything is listed while the stream stands.
pub const EVERY: Duration = Duration::from_mins(2);

/// Reads a stored report of a pipeline.
///
/// # Errors
/// If it is none: what was expected and what came.
pub fn read(body: &[u8]) -> Result<Event, String> {
    report::read(body)
}

/// What the fuzzer does: `bytes` are a stream of events, the log of each of their failed steps, and a stored report.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(bytes: &[u8]) -> Vec<Event> {
    use crate::{
        backends::woodpecker::{LineKind, LogLine, StreamEvent},
        event::Told,
    };

    let line = |(line, data): (_, &[u8])| {
        let data = data_encoding::BASE64.encode(data);
        LogLine { line, data, kind: LineKind::Output }
    };
    let logs = vec![log::tail((0..).zip(bytes.split(|byte| *byte == b'\n')).map(line).collect()); 5];
    let mut reader = sse::Reader::default();
    let told: Vec<_> = bytes.chunks(64).filter_map(|piece| reader.take(piece).ok()).flatten().collect();
    let told = told.iter().filter_map(|event| serde_json::from_slice::<StreamEvent>(event).ok());
    let stored = told.filter_map(|StreamEvent { repo, pipeline }| {
        let status = report::status(&pipeline.status)?;
        Some(report::Report::new(&repo, &pipeline, status, &logs, None).arrival(Told::AtOnce).body)
    });
    stored.chain([bytes.to_vec()]).filter_map(|report: Vec<u8>| read(&report).ok()).collect()
}
