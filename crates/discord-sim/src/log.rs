//! The record of API requests that `GET /_sim/log` gives. Invariant: it keeps the newest [`KEPT`] requests
//! and at most [`KEPT_BYTES`] of bodies; the oldest go first.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    sync::{Mutex, PoisonError},
};

use serde_json::{Value, json};

/// How many requests are kept.
const KEPT: usize = 100_000;
/// How many bytes of bodies are kept.
const KEPT_BYTES: usize = 128 << 20;

/// One request and its answer. Bodies are JSON text, to stay small.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) at_ms: i64,
    pub(crate) method: String,
    /// As sent, without the query.
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    /// 0 if no answer went out.
    pub(crate) status: u16,
    pub(crate) request: String,
    pub(crate) answer: String,
    /// The kinds of the faults that struck, joined by `+`.
    pub(crate) fault: Option<String>,
}

/// The record.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<Entry>,
    bytes: usize,
}

impl Entry {
    fn bytes(&self) -> usize {
        self.request.len() + self.answer.len()
    }
}

impl Log {
    /// Adds one.
    pub(crate) fn add(&self, entry: Entry) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += entry.bytes();
        kept.entries.push_back(entry);
        while kept.entries.len() > KEPT || kept.bytes > KEPT_BYTES {
            let Some(oldest) = kept.entries.pop_front() else { break };
            kept.bytes -= oldest.bytes();
        }
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Kept::default();
    }

    /// Everything kept, oldest first, as a JSON array.
    pub(crate) fn json(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::with_capacity(kept.bytes + 256 * kept.entries.len() + 2);
        text.push('[');
        for (n, e) in kept.entries.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            let (method, path, query) = (json!(e.method), json!(e.path), json!(e.query));
            let fault = e.fault.as_ref().map_or(Value::Null, |f| json!(f));
            // Writing to a string can't fail.
            let _ = write!(
                text,
                "{comma}{{\"at_ms\":{},\"method\":{method},\"path\":{path},\"query\":{query},\"status\":{},\
                 \"request\":{},\"answer\":{},\"fault\":{fault}}}",
                e.at_ms, e.status, e.request, e.answer
            );
        }
        text.push(']');
        text
    }
}
