//! What the relay reads and rewrites of gateway payloads (docs, "Gateway: Payload Structure"). Invariant:
//! whatever a peer sends, nothing here fails louder than with `None` or an error.

use serde::Deserialize;
use url::Url;

/// What the relay reads of a frame (docs, "Gateway: Payload Structure").
#[derive(Deserialize)]
pub(super) struct Frame {
    pub(super) op: u8,
    pub(super) t: Option<String>,
    pub(super) s: Option<u64>,
}

/// Where READY says that the session is to be resumed.
pub(super) fn resume_address(ready: &str) -> Option<Url> {
    #[derive(Deserialize)]
    struct Ready {
        d: Address,
    }
    #[derive(Deserialize)]
    struct Address {
        resume_gateway_url: Url,
    }
    serde_json::from_str(ready).ok().map(|Ready { d }| d.resume_gateway_url)
}

/// Whether op 9 says that the session can be resumed (its `d` is `true`).
pub(super) fn is_resumable(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Invalid {
        d: bool,
    }
    matches!(serde_json::from_str(text), Ok(Invalid { d: true }))
}

/// serenity's IDENTIFY without `compress`, so that every frame is text, and without `presence`, whose
/// `since` it writes in a form of its own (docs want milliseconds or null).
pub(super) fn plain_identify(text: &str) -> String {
    let Ok(mut frame) = serde_json::from_str::<serde_json::Value>(text) else {
        return text.to_owned();
    };
    if let Some(data) = frame.get_mut("d").and_then(serde_json::Value::as_object_mut) {
        data.insert("compress".into(), false.into());
        data.remove("presence");
    }
    frame.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identify_loses_compression_and_presence_and_nothing_else() {
        let identify =
            r#"{"op":2,"d":{"token":"Bot x","compress":true,"presence":{"since":{}},"shard":[0,1]}}"#;
        let plain = r#"{"d":{"compress":false,"shard":[0,1],"token":"Bot x"},"op":2}"#;
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&plain_identify(identify)), value(plain));
        assert_eq!(plain_identify("not JSON"), "not JSON");
    }

    #[test]
    fn only_a_clear_true_resumes_an_invalid_session() {
        let resumable = |d: &str| is_resumable(&format!(r#"{{"op":9,"d":{d}}}"#));
        assert_eq!(["true", "false", "null", "{}"].map(resumable), [true, false, false, false]);
    }
}
