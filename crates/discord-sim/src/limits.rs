//! What Discord refuses in a message. Invariant: every mistake of a body is told at once, each by its path.
//! Lengths are UTF-16 units of the trimmed text. Sources: docs, "Message Object", "Embed Limits", "Component
//! Reference"; what they leave open is as Discord's answers have shown it.

mod components;
mod embeds;

use serde_json::Value;

use crate::error::{ApiError, Mistakes};

/// Longest content.
const CONTENT: usize = 2000;
/// Longest nonce.
const NONCE: usize = 25;
/// Most files on a message.
const FILES: usize = 10;
/// Longest description of a file.
const FILE_DESCRIPTION: usize = 1024;
/// Most ids in each list of `allowed_mentions`.
const ALLOWED: usize = 100;
/// Most stickers.
const STICKERS: usize = 3;
/// `IS_COMPONENTS_V2` (docs, "Message Flags").
const COMPONENTS_V2: u64 = 1 << 15;

/// Whether a body makes a message or changes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checking {
    Create,
    Edit,
}

/// A text's length as Discord counts it.
pub(crate) fn length(text: &str) -> usize {
    text.trim().encode_utf16().count()
}

/// Checks the body of a message with `files` uploads: 50035 with every mistake, or 50006 if nothing would
/// show. Whether an edit leaves anything is up to [`crate::world::World::edit_message`].
pub(crate) fn check_message(body: &Value, files: usize, checking: Checking) -> Result<(), ApiError> {
    if !body.is_object() && !body.is_null() {
        return Err(Mistakes::one(&[], "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType"));
    }
    let mut mistakes = Mistakes::default();
    mistakes.text(body, &["content"], 0, CONTENT);
    check_nonce(&body["nonce"], &mut mistakes);
    embeds::check(&body["embeds"], &mut mistakes);
    let flags = check_flags(&body["flags"], &mut mistakes);
    // An edit that names no flags keeps those of its message, which may be of the second version.
    let second = flags.map_or(checking == Checking::Edit, |flags| flags & COMPONENTS_V2 != 0);
    components::check(&body["components"], second, &mut mistakes);
    if flags.is_some_and(|flags| flags & COMPONENTS_V2 != 0) {
        refuse_legacy(body, &mut mistakes);
    }
    check_files(&body["attachments"], files, &mut mistakes);
    check_allowed(&body["allowed_mentions"], &mut mistakes);
    if let Some(list) = list(&body["sticker_ids"], &["sticker_ids"], &mut mistakes) {
        mistakes.items(&["sticker_ids"], list.len(), 0, STICKERS);
    }
    mistakes.into_result()?;
    if checking == Checking::Create && shows_nothing(body, files) {
        return Err(ApiError::empty_message());
    }
    Ok(())
}

fn shows_nothing(body: &Value, files: usize) -> bool {
    let filled = |key: &str| body[key].as_array().is_some_and(|list| !list.is_empty());
    let second = body["flags"].as_u64().unwrap_or(0) & COMPONENTS_V2 != 0;
    let text = body["content"].as_str().is_some_and(|text| !text.trim().is_empty());
    !(text || files > 0 || filled("embeds") || filled("sticker_ids") || (second && filled("components")))
}

/// The items of a list; anything else but `null` is a mistake.
fn list<'a>(value: &'a Value, path: &[&str], mistakes: &mut Mistakes) -> Option<&'a Vec<Value>> {
    if !value.is_array() && !value.is_null() {
        mistakes.add(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
    }
    value.as_array()
}

fn check_nonce(nonce: &Value, mistakes: &mut Mistakes) {
    match nonce {
        Value::Null => {}
        Value::String(text) if text.encode_utf16().count() <= NONCE => {}
        Value::String(_) => {
            mistakes.add(&["nonce"], "NONCE_TYPE_TOO_LONG", format!("Must be {NONCE} or fewer in length."));
        }
        Value::Number(number) if number.is_i64() => {}
        _ => mistakes.add(&["nonce"], "NONCE_TYPE_CONVERT", "Expected a string or an int64."),
    }
}

fn check_flags(flags: &Value, mistakes: &mut Mistakes) -> Option<u64> {
    if !flags.is_null() && !flags.is_u64() {
        mistakes.add(&["flags"], "NUMBER_TYPE_COERCE", "Value is not int.");
    }
    flags.as_u64()
}

/// Components of the second version stand alone.
fn refuse_legacy(body: &Value, mistakes: &mut Mistakes) {
    for key in ["content", "embeds", "sticker_ids", "poll"] {
        let empty = match &body[key] {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            _ => false,
        };
        if !empty {
            let text = format!("The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2");
            mistakes.add(&[key], "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", text);
        }
    }
}

fn check_files(attachments: &Value, files: usize, mistakes: &mut Mistakes) {
    let listed = list(attachments, &["attachments"], mistakes).map(Vec::as_slice).unwrap_or_default();
    mistakes.items(&["attachments"], listed.len().max(files), 0, FILES);
    for (index, attachment) in listed.iter().enumerate() {
        let index = index.to_string();
        let description = ["attachments", &index, "description"];
        mistakes.text(attachment, &description, 0, FILE_DESCRIPTION);
        mistakes.text(attachment, &["attachments", &index, "filename"], 0, 1024);
    }
}

fn check_allowed(allowed: &Value, mistakes: &mut Mistakes) {
    if !allowed.is_object() && !allowed.is_null() {
        mistakes.add(
            &["allowed_mentions"],
            "MODEL_TYPE_CONVERT",
            "Only dictionaries may be used in a ModelType",
        );
    }
    let parse = list(&allowed["parse"], &["allowed_mentions", "parse"], mistakes);
    for (index, kind) in parse.into_iter().flatten().enumerate() {
        if !matches!(kind.as_str(), Some("users" | "roles" | "everyone")) {
            let text = "Value must be one of ('users', 'roles', 'everyone').";
            mistakes.add(&["allowed_mentions", "parse", &index.to_string()], "BASE_TYPE_CHOICES", text);
        }
    }
    for key in ["users", "roles"] {
        let Some(ids) = list(&allowed[key], &["allowed_mentions", key], mistakes) else { continue };
        mistakes.items(&["allowed_mentions", key], ids.len(), 0, ALLOWED);
        let parsed = parse.is_some_and(|parse| parse.iter().any(|kind| kind == key));
        if parsed && !ids.is_empty() {
            let text = format!("parse:[\"{key}\"] and {key}: [ids...] are mutually exclusive.");
            mistakes.add(&["allowed_mentions"], "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", text);
        }
    }
}

#[cfg(test)]
mod tests;
