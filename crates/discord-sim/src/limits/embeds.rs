//! Embeds (docs, "Embed Limits").

use serde_json::Value;

use super::{length, list};
use crate::{clock, error::Mistakes};

/// Most embeds on a message.
const EMBEDS: usize = 10;
/// Most fields of an embed.
const FIELDS: usize = 25;
/// Longest text of all embeds of a message together.
const SUM: usize = 6000;
/// Longest address.
const URL: usize = 2048;
/// White.
const COLOR: u64 = 0xFF_FFFF;

/// Checks all embeds of a body.
pub(super) fn check(embeds: &Value, mistakes: &mut Mistakes) {
    let Some(embeds) = list(embeds, &["embeds"], mistakes) else { return };
    mistakes.items(&["embeds"], embeds.len(), 0, EMBEDS);
    for (index, embed) in embeds.iter().enumerate() {
        check_one(embed, &index.to_string(), mistakes);
    }
    if embeds.iter().map(weight).sum::<usize>() > SUM {
        let text = format!("Embed size exceeds maximum size of {SUM}");
        mistakes.add(&["embeds"], "MAX_EMBED_SIZE_EXCEEDED", text);
    }
}

/// What counts into the sum: title, description, names and values of fields, footer, author.
fn weight(embed: &Value) -> usize {
    let text = |value: &Value| value.as_str().map_or(0, length);
    let fields = embed["fields"].as_array().into_iter().flatten();
    text(&embed["title"])
        + text(&embed["description"])
        + text(&embed["footer"]["text"])
        + text(&embed["author"]["name"])
        + fields.map(|field| text(&field["name"]) + text(&field["value"])).sum::<usize>()
}

fn check_one(embed: &Value, index: &str, mistakes: &mut Mistakes) {
    let at = ["embeds", index];
    if !embed.is_object() {
        mistakes.add(&at, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType");
        return;
    }
    let shows = ["title", "description", "fields", "image", "thumbnail", "footer", "author"];
    if shows.iter().all(|key| is_blank(&embed[*key])) {
        mistakes.add(&["embeds", index, "description"], "BASE_TYPE_REQUIRED", "This field is required");
    }
    mistakes.text(embed, &["embeds", index, "title"], 0, 256);
    mistakes.text(embed, &["embeds", index, "description"], 0, 4096);
    mistakes.text(&embed["footer"], &["embeds", index, "footer", "text"], 0, 2048);
    mistakes.text(&embed["author"], &["embeds", index, "author", "name"], 0, 256);
    check_color(&embed["color"], &["embeds", index, "color"], mistakes);
    check_time(&embed["timestamp"], &["embeds", index, "timestamp"], mistakes);
    check_url(&embed["url"], &["embeds", index, "url"], &["http", "https"], mistakes);
    let files = ["http", "https", "attachment"];
    for (part, key) in
        [("image", "url"), ("thumbnail", "url"), ("footer", "icon_url"), ("author", "icon_url")]
    {
        check_url(&embed[part][key], &["embeds", index, part, key], &files, mistakes);
    }
    check_url(&embed["author"]["url"], &["embeds", index, "author", "url"], &["http", "https"], mistakes);
    let Some(fields) = list(&embed["fields"], &["embeds", index, "fields"], mistakes) else { return };
    mistakes.items(&["embeds", index, "fields"], fields.len(), 0, FIELDS);
    for (n, field) in fields.iter().enumerate() {
        let n = n.to_string();
        for (key, max) in [("name", 256), ("value", 1024)] {
            let path = ["embeds", index, "fields", &n, key];
            if is_blank(&field[key]) {
                mistakes.add(&path, "BASE_TYPE_REQUIRED", "This field is required");
            } else {
                mistakes.text(field, &path, 0, max);
            }
        }
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

fn check_color(color: &Value, path: &[&str], mistakes: &mut Mistakes) {
    match color.as_u64() {
        Some(color) => mistakes.range(path, color, 0, COLOR),
        None if color.is_null() => {}
        None => mistakes.add(path, "NUMBER_TYPE_COERCE", "Value is not int."),
    }
}

fn check_time(time: &Value, path: &[&str], mistakes: &mut Mistakes) {
    let fine = time.is_null() || time.as_str().is_some_and(|text| clock::read(text).is_some());
    if !fine {
        mistakes.add(path, "DATETIME_TYPE_PARSE", "Could not parse value. Should be ISO8601.");
    }
}

/// An address with one of the schemes.
pub(super) fn check_url(url: &Value, path: &[&str], schemes: &[&str], mistakes: &mut Mistakes) {
    let text = match url {
        Value::Null => return,
        Value::String(text) => text.trim(),
        _ => return mistakes.add(path, "STRING_TYPE_CONVERT", "Could not interpret value as string."),
    };
    let Some((scheme, rest)) = text.split_once("://").filter(|(_, rest)| !rest.is_empty()) else {
        // An empty address is taken as none.
        if !text.is_empty() {
            mistakes.add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.");
        }
        return;
    };
    if !schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        let names: Vec<String> = schemes.iter().map(|name| format!("'{name}'")).collect();
        let text = format!("Scheme \"{scheme}\" must be one of ({}).", names.join(", "));
        mistakes.add(path, "URL_TYPE_INVALID_SCHEME", text);
    } else if rest.contains(char::is_whitespace) {
        mistakes.add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.");
    } else if length(text) > URL {
        mistakes.add(path, "BASE_TYPE_MAX_LENGTH", format!("Must be {URL} or fewer in length."));
    }
}
