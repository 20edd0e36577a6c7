//! The file with the whole text of what a message cuts. Invariants: a message has one such file at most; a text that
//! Discord has already is not sent again; where the bot may attach nothing, the message goes without.

use bytes::Bytes;
use data_encoding::HEXLOWER;
use hyper::Method;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{attempt::Attempt, buckets::Permit, error::RestError, shrink::Form};
use crate::store::outbox::OutboxRow;

/// What the file is called.
const NAME: &str = "message.txt";

/// What is noted of a message of which nobody knows what file it has.
pub(super) const UNKNOWN: &str = "?";

/// A message's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    text: String,
}

impl File {
    /// The file of `row`, whose `message` is sent in `form`: what rendering cut, and all that a smaller form leaves
    /// out.
    pub(super) fn of(row: &OutboxRow, message: &Map<String, Value>, form: Form) -> Option<Self> {
        let smaller = (form != Form::Whole).then(|| words(message));
        let parts: Vec<String> = smaller.into_iter().chain(row.whole.clone()).collect();
        let text = parts.join("\n\n");
        (!text.trim().is_empty()).then_some(Self { text })
    }

    /// What is noted in the store of a message that has this file, or none.
    pub(super) fn note(file: Option<&Self>) -> String {
        file.map(|file| HEXLOWER.encode(&Sha256::digest(&file.text)[..8])).unwrap_or_default()
    }

    /// Has `message` replace what it has as a file, of which the store has `noted`. The file that must go with it.
    pub(super) fn attach<'f>(
        file: Option<&'f Self>,
        message: &mut Map<String, Value>,
        noted: &str,
    ) -> Option<&'f Self> {
        if Self::note(file) == noted {
            return None;
        }
        // What this list does not name goes ("Edit Message", `attachments`).
        let list = file.map(|_| json!({ "id": "0", "filename": NAME }));
        message.insert("attachments".into(), list.into_iter().collect());
        file
    }

    /// `json` and this file as one body, with its content type
    /// (<https://docs.discord.com/developers/reference#uploading-files>).
    pub(super) fn body(&self, json: &Value) -> (String, Bytes) {
        // No text holds its own digest.
        let boundary = format!("vigie-{}", HEXLOWER.encode(&Sha256::digest(format!("{json}{}", self.text))));
        let body = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\
             Content-Type: application/json\r\n\r\n{json}\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"{NAME}\"\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n--{boundary}--\r\n",
            self.text
        );
        (format!("multipart/form-data; boundary={boundary}"), body.into())
    }
}

impl Attempt {
    /// Sends a message; without its file where the bot may attach nothing.
    pub(super) async fn send(
        &self,
        permit: Permit,
        method: Method,
        path: &str,
        message: Map<String, Value>,
        file: Option<&File>,
    ) -> Result<Value, RestError> {
        let mut body = Value::Object(message);
        let refused = match self.rest.send(permit, method.clone(), path, Some(&body), file).await {
            Err(error @ RestError::Refused { status: 403, .. }) if file.is_some() => error,
            outcome => return outcome,
        };
        body.as_object_mut().and_then(|message| message.remove("attachments"));
        let permit = self.unless_cancelled(self.rest.permit(&method, path)).await?;
        let answer = self.rest.send(permit, method, path, Some(&body), None).await?;
        self.count("unattached");
        tracing::warn!(
            request = path, error = %refused,
            "a message is shown without the file that has its whole text (grant ATTACH_FILES if that is missing)"
        );
        Ok(answer)
    }
}

/// All that a message says.
fn words(message: &Map<String, Value>) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = vec![text(&message.get("content").cloned().unwrap_or_default())];
    for embed in message.get("embeds").and_then(Value::as_array).into_iter().flatten() {
        lines.extend(
            [&embed["author"]["name"], &embed["title"], &embed["url"], &embed["description"]].map(text),
        );
        for field in embed["fields"].as_array().into_iter().flatten() {
            lines.push(format!("{}: {}", text(&field["name"]), text(&field["value"])));
        }
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> File {
        File { text: text.into() }
    }

    #[test]
    fn a_text_that_discord_has_is_not_sent_again_and_one_that_it_should_not_have_goes() {
        let (one, other) = (file("one"), file("other"));
        let noted = File::note(Some(&one));
        let attach = |file: Option<&File>, noted: &str| {
            let mut message = Map::new();
            let sent = File::attach(file, &mut message, noted).cloned();
            (sent, message.get("attachments").cloned())
        };
        let list = json!([{ "id": "0", "filename": "message.txt" }]);
        assert_eq!(attach(Some(&one), ""), (Some(one.clone()), Some(list.clone())));
        assert_eq!(attach(Some(&one), &noted), (None, None));
        assert_eq!(attach(Some(&other), &noted), (Some(other.clone()), Some(list.clone())));
        assert_eq!(attach(Some(&one), UNKNOWN), (Some(one.clone()), Some(list)));
        assert_eq!(attach(None, &noted), (None, Some(json!([]))));
        assert_eq!(attach(None, UNKNOWN), (None, Some(json!([]))));
        assert_eq!(attach(None, ""), (None, None));
    }

    #[test]
    fn what_a_message_says_is_all_in_its_file() {
        let message = json!({
            "content": "<@&3000>",
            "embeds": [{
                "author": {"name": "alice"}, "title": "A title", "url": "https://forge.example.org/a",
                "description": "Words", "fields": [{"name": "Branch", "value": "main"}], "footer": {"text": "vg-1"},
            }],
        });
        let said = words(message.as_object().unwrap());
        assert_eq!(said, "<@&3000>\nalice\nA title\nhttps://forge.example.org/a\nWords\nBranch: main");
    }
}
