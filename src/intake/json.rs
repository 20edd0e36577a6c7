//! Reads JSON of others. Invariant: a mistake says what was expected, what came and where, in words that its
//! sender understands, and never repeats more than a little of the body.

use serde::de::{DeserializeOwned, IgnoredAny};

/// How much of a mistake's text is told; it may quote a value of the body, whatever its length.
const TOLD: usize = 300;

/// Reads the JSON object `body`, which is to be `what` ("an Alertmanager webhook").
///
/// # Errors
/// If it is not.
pub fn read<T: DeserializeOwned>(what: &str, body: &[u8]) -> Result<T, String> {
    let Some(came) = other_than_object(body) else {
        return serde_json::from_slice(body).map_err(|error| mistake(what, &error));
    };
    // What is no JSON at all is said first.
    serde_json::from_slice::<IgnoredAny>(body).map_err(|error| mistake(what, &error))?;
    Err(format!("expected {what} as JSON, but it is other JSON: expected a JSON object, but it is {came}"))
}

/// What a body begins as, if that is other JSON than an object: serde would take a list for a struct too, by
/// position.
pub(super) fn other_than_object(body: &[u8]) -> Option<&'static str> {
    match body.trim_ascii_start().first()? {
        b'[' => Some("a list"),
        b'"' => Some("a text"),
        b'n' => Some("null"),
        b't' | b'f' => Some("true or false"),
        b'-' | b'0'..=b'9' => Some("a number"),
        _ => None,
    }
}

fn mistake(what: &str, error: &serde_json::Error) -> String {
    if error.is_eof() {
        let (line, column) = (error.line(), error.column());
        return format!("expected {what} as JSON, but it ends at line {line} column {column}");
    }
    // The names of Rust's types say nothing to the sender.
    let text = ["u64", "i64", "u32"].into_iter().fold(error.to_string(), |text, integer| {
        text.replace(&format!("expected {integer}"), "expected a whole number")
    });
    let told: String = text.chars().take(TOLD).collect();
    let cut = if told.len() < text.len() { "…" } else { "" };
    let kind = if error.is_data() { "it is other JSON" } else { "it is not JSON" };
    format!("expected {what} as JSON, but {kind}: {told}{cut}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_mistake_says_what_was_expected_what_came_and_where() {
        let read = |body: &str| read::<BTreeMap<String, u64>>("a count", body.as_bytes()).unwrap_err();
        assert_eq!(read("{\"a\": 1"), "expected a count as JSON, but it ends at line 1 column 7");
        assert_eq!(read(""), "expected a count as JSON, but it ends at line 1 column 0");
        let other = read("{\"a\": \"b\"}");
        assert!(other.starts_with("expected a count as JSON, but it is other JSON: "), "{other}");
        assert!(other.contains("expected a whole number at line 1"), "{other}");
        assert!(read("hello").starts_with("expected a count as JSON, but it is not JSON: "));
        assert!(read("nothing").starts_with("expected a count as JSON, but it is not JSON: "));
        assert!(read(" [1]").ends_with("it is other JSON: expected a JSON object, but it is a list"));
        assert!(read(&format!("{{\"a\": \"{}\"}}", "x".repeat(9_000))).len() < 500);
    }
}
