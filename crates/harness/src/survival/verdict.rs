//! What Discord holds against what had to be shown. Invariant: only Discord is asked.
//!
//! Each thing has a mark, a word that stands nowhere else. It must stand in exactly one message that is no reply: in
//! none, its first event is lost; in two, it is shown twice. Edits of that message coalesce, so what came between may
//! never have been seen; but a message shows the newest state and a deployment all of its states, so each thing ends
//! in a text that only its last event brings, and that a message lacks is a loss. What is told by a reply (an alert
//! that comes again, a deployment that fails, its log) has a mark too, and stands in exactly one; of a pipeline it
//! depends on what was seen of it before, so there it is at most one, and the log must stand in the message itself.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::script::{Expectation, Few};
use crate::{FALLBACK, Lab};

/// What became of the events.
#[derive(Debug, Default)]
pub struct Verdict {
    /// How many messages there are, replies included.
    pub messages: usize,
    /// What is missing.
    pub lost: Vec<String>,
    /// What stands there more than once.
    pub twice: Vec<String>,
    /// Messages that belong to no event.
    pub strangers: Vec<String>,
}

/// Texts by the marks in them.
type Marked = HashMap<String, Vec<String>>;

/// Holds what stands in the channels and threads of `lab` against `expectations`.
pub(super) async fn judge(lab: &Lab, expectations: &[Expectation]) -> Verdict {
    let (mut shown, mut replies, mut details) = (Marked::new(), Marked::new(), Marked::new());
    let mut verdict = Verdict::default();
    for channel in [FALLBACK].into_iter().chain(lab.route_channels()) {
        for message in lab.messages(channel).await {
            let text = text(&message);
            verdict.messages += 1;
            let marks = marks(&text);
            if marks.is_empty() {
                verdict.strangers.push(text.clone());
            }
            if message["message_reference"].is_null() {
                sort(&mut shown, marks, &text);
            } else if marks.iter().any(|mark| mark.starts_with("dt")) {
                sort(&mut details, marks, &text);
            } else {
                sort(&mut replies, marks, &text);
            }
            if let Some(thread) = message["thread"]["id"].as_str() {
                for detail in lab.messages(thread.parse().unwrap()).await {
                    let text = self::text(&detail);
                    // A thread begins with an empty message that stands for the one above it.
                    if detail["message_reference"].is_null() {
                        verdict.messages += 1;
                        sort(&mut details, self::marks(&text), &text);
                    }
                }
            }
        }
    }
    for expectation in expectations {
        verdict.weigh(expectation, &shown, &replies, &details);
    }
    verdict
}

impl Verdict {
    fn weigh(&mut self, expected: &Expectation, shown: &Marked, replies: &Marked, details: &Marked) {
        let found = |texts: &Marked, mark: &str| texts.get(mark).cloned().unwrap_or_default();
        let Expectation { mark, says, notices, details: (detail, few) } = expected;
        let messages = found(shown, mark);
        match messages.as_slice() {
            [] => self.lost.push(mark.clone()),
            [text] if says.iter().all(|part| text.contains(part)) => {}
            [text] => self.lost.push(format!("{mark} does not say {says:?}: {text}")),
            more => self.twice.push(format!("{mark}: {more:?}")),
        }
        self.count(&format!("a reply on {mark}"), &found(replies, mark), *notices);
        self.count(&format!("the detail {detail}"), &found(details, detail), *few);
    }

    fn count(&mut self, what: &str, texts: &[String], few: Few) {
        let most = usize::from(few != Few::None);
        if texts.len() > most {
            self.twice.push(format!("{what}: {texts:?}"));
        }
        if texts.is_empty() && few == Few::One {
            self.lost.push(what.to_owned());
        }
    }
}

fn text(message: &Value) -> String {
    format!("{}{}", message["content"].as_str().unwrap_or_default(), message["embeds"])
}

/// The marks in a text.
fn marks(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let is_mark = |word: &&str| {
        word.strip_prefix("mk")
            .or_else(|| word.strip_prefix("dt"))
            .is_some_and(|number| number.len() == 5 && number.bytes().all(|digit| digit.is_ascii_digit()))
    };
    words.filter(is_mark).map(str::to_owned).collect()
}

fn sort(texts: &mut Marked, marks: BTreeSet<String>, text: &str) {
    for mark in marks {
        texts.entry(mark).or_default().push(text.to_owned());
    }
}
