//! Smaller forms of a message that Discord finds invalid. Invariant: each keeps the reference by which
//! the message is found again, and mentions no more than the original.

use std::fmt;

use serde_json::{Map, Value, json};

/// Discord counts characters in a way that nobody has pinned down (a text of 4-byte characters is refused
/// long before the documented 4096), so the smaller form stays far below every limit.
const DESCRIPTION: usize = 1000;
const LINE: usize = 200;

/// How a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As it was rendered.
    Whole,
    /// Without fields and pictures, its texts cut.
    Shrunk,
    /// One line of plain text: its title, its address, its reference.
    Plain,
}

impl Form {
    /// What to send if this form is refused.
    pub(super) const fn smaller(self) -> Option<Self> {
        match self {
            Self::Whole => Some(Self::Shrunk),
            Self::Shrunk => Some(Self::Plain),
            Self::Plain => None,
        }
    }

    /// `message` in this form.
    pub(super) fn of(self, message: &Map<String, Value>, reference: &str) -> Map<String, Value> {
        match self {
            Self::Whole => message.clone(),
            Self::Shrunk => shrunk(message),
            Self::Plain => plain(message, reference),
        }
    }

    /// Its name in `vigie_deliveries_total{outcome}`.
    pub(super) const fn outcome(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Shrunk => "shrunk",
            Self::Plain => "replaced",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole => "whole",
            Self::Shrunk => "without fields and pictures, its texts cut and attached as a file",
            Self::Plain => "as one line of plain text, with what it said as a file",
        })
    }
}

fn shrunk(message: &Map<String, Value>) -> Map<String, Value> {
    let mut message = message.clone();
    if let Some(content) = message.get_mut("content") {
        cut(content, DESCRIPTION);
    }
    if let Some(embeds) = message.get_mut("embeds").and_then(Value::as_array_mut) {
        // The last embed may be the one whose footer holds the reference.
        for embed in embeds.iter_mut().filter_map(Value::as_object_mut) {
            for part in ["fields", "image", "thumbnail", "author"] {
                embed.remove(part);
            }
            for (part, limit) in [("title", LINE), ("description", DESCRIPTION)] {
                if let Some(text) = embed.get_mut(part) {
                    cut(text, limit);
                }
            }
        }
    }
    message
}

fn plain(message: &Map<String, Value>, reference: &str) -> Map<String, Value> {
    let embed = message.get("embeds").map_or(&Value::Null, |embeds| &embeds[0]);
    let mut title = embed["title"].clone();
    cut(&mut title, LINE);
    let lines = [title.as_str(), embed["url"].as_str().filter(|url| url.len() <= 500)];
    let mut content = lines.into_iter().flatten().fold(String::new(), |text, line| text + line + "\n");
    content.push_str("-# ");
    content.push_str(reference);
    let mut message = message.clone();
    message.insert("content".into(), content.into());
    for part in ["embeds", "components"] {
        message.insert(part.into(), json!([]));
    }
    message.insert("allowed_mentions".into(), json!({ "parse": [] }));
    message
}

fn cut(text: &mut Value, limit: usize) {
    if let Value::String(text) = text
        && let Some((end, _)) = text.char_indices().nth(limit)
    {
        text.truncate(end);
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Map<String, Value> {
        json!({
            "content": "<@&3000>",
            "embeds": [{
                "title": text, "url": "https://forge.example.org/a", "description": text,
                "fields": [{"name": "a", "value": "b"}], "footer": {"text": "a/b · vg-7k2m9q"},
            }],
            "allowed_mentions": {"parse": [], "roles": ["3000"]},
        })
        .as_object()
        .unwrap()
        .clone()
    }

    #[test]
    fn a_shrunk_message_keeps_its_reference_and_mentions() {
        let small = shrunk(&message(&"🔷".repeat(4096)));
        let embed = &small["embeds"][0];
        assert_eq!(embed["title"].as_str().unwrap().chars().count(), 201);
        assert_eq!(embed["description"].as_str().unwrap().chars().count(), 1001);
        assert_eq!(embed["fields"], Value::Null);
        assert_eq!(embed["footer"]["text"], "a/b · vg-7k2m9q");
        assert_eq!(small["allowed_mentions"]["roles"][0], "3000");
    }

    #[test]
    fn plain_text_says_what_and_where_and_mentions_nobody() {
        let plain = plain(&message("Push to main"), "vg-7k2m9q");
        assert_eq!(plain["content"], "Push to main\nhttps://forge.example.org/a\n-# vg-7k2m9q");
        assert_eq!(plain["allowed_mentions"], json!({"parse": []}));
    }
}
