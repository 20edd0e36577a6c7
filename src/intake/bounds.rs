//! The bounds of what is kept of others' texts, whoever sends them. Invariant: an address that leaves here is
//! an absolute `http` or `https` one.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};
use url::Url;

/// What is kept of a description, a comment or notes, in characters: what an embed can't show is attached.
const BODY_AT_MOST: usize = 60_000;
/// What is kept of one line: a title, a description of a status.
const LINE_AT_MOST: usize = 500;
/// What is kept of a name: a person, a branch, a label.
const NAME_AT_MOST: usize = 200;
/// What is kept of a key; what is longer ends with its digest instead.
const KEY_AT_MOST: usize = 500;
/// How many entries of a list are kept.
const LIST_AT_MOST: usize = 50;
/// The longest address that is kept, in bytes: Discord takes 2048 characters in an embed.
const LINK_AT_MOST: usize = 2048;

/// Takes `null` for the type's own default.
pub(super) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Takes `null` for an empty list, and leaves out entries that are `null`.
pub(super) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let entries: Option<Vec<Option<T>>> = Option::deserialize(deserializer)?;
    Ok(entries.unwrap_or_default().into_iter().flatten().collect())
}

/// The first `at_most` characters, the last of them an ellipsis if there were more.
pub(super) fn cut(mut text: String, at_most: usize) -> String {
    if text.char_indices().nth(at_most).is_some() {
        let end = text.char_indices().nth(at_most - 1).map_or(0, |(end, _)| end);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// A text of many lines, bounded.
pub(super) fn prose(text: String) -> String {
    cut(text, BODY_AT_MOST)
}

/// A text of one line, bounded.
pub(super) fn line(text: String) -> String {
    cut(text, LINE_AT_MOST)
}

/// A name, bounded.
pub(super) fn name(text: String) -> String {
    cut(text, NAME_AT_MOST)
}

/// Names, bounded in length and number.
pub(super) fn names(all: impl IntoIterator<Item = String>) -> Vec<String> {
    all.into_iter().take(LIST_AT_MOST).map(name).collect()
}

/// An address, if it is one that a reader can follow.
pub(super) fn link(text: Option<&str>) -> Option<String> {
    let url = Url::parse(text.filter(|text| text.len() <= LINK_AT_MOST)?).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.as_str().len() <= LINK_AT_MOST).then(|| url.into())
}

/// A time, unless it is none or Go's zero time, in year 1.
pub(super) fn time(text: Option<&str>) -> Option<Timestamp> {
    text?.parse().ok().filter(|time| *time > Timestamp::UNIX_EPOCH)
}

/// The first 8 bytes of a SHA-256, in hexadecimal.
pub(super) fn digest(bytes: &[u8]) -> String {
    let start =
        Sha256::digest(bytes).iter().take(8).fold(0, |start: u64, byte| start << 8 | u64::from(*byte));
    format!("{start:016x}")
}

/// A key, or its start and its digest where it is too long.
pub(super) fn bounded(key: String) -> String {
    if key.len() <= KEY_AT_MOST {
        return key;
    }
    let digest = digest(key.as_bytes());
    format!("{} {digest}", cut(key, KEY_AT_MOST / 4))
}
