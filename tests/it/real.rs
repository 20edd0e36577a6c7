//! Real programs, where they are on `PATH`: what they tell is shown as it is. Invariant: a program that is not there
//! is a named skip, never a failure.

mod kuma;
mod prometheus;
mod woodpecker;

pub(crate) use harness::real::program;
use harness::{
    FALLBACK, Lab, patiently,
    real::{free_address, silent},
};
use serde_json::Value;

/// Where everything is routed to.
const CHANNEL: u64 = FALLBACK + 1;

/// Waits until the channel shows a message that says all `words`; what it said before it was edited does not count.
async fn shown(lab: &Lab, words: &[&str]) -> Value {
    let shown = patiently(async || {
        let mut messages = lab.messages(CHANNEL).await;
        for message in &mut messages {
            message["sim"].take();
        }
        let says = |one: &&Value| {
            let text = one.to_string();
            one["message_reference"].is_null() && words.iter().all(|word| text.contains(word))
        };
        messages.iter().find(says).cloned().ok_or(messages)
    });
    shown.await.unwrap_or_else(|messages| panic!("no message says {words:?}: {messages:#?}"))
}
