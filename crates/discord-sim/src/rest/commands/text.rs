//! Names, texts and paths in a command's body (docs, "Application Commands: Application Command Naming").
//! Invariant: what is checked in a text is checked in each of its translations.

use serde_json::{Map, Value};

use crate::error::Mistakes;

/// docs, "Reference: Locales".
const LOCALES: [&str; 33] = [
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl",
    "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja",
    "zh-TW", "ko", "he",
];

/// Where a mistake is.
type Path<'a> = Vec<&'a str>;

/// Which names are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// Those of chat input commands and options.
    Slash,
    /// Any: those of user and message commands.
    Free,
}

/// Letters, digits, `-`, `_`, `'`; lower case where there is one (docs: "Application Command Naming"). Marks of the
/// Devanagari and Thai scripts count as letters there.
fn is_slash_name(name: &str) -> bool {
    let fits = |c: char| {
        matches!(c, '-' | '_' | '\'' | '\u{900}'..='\u{97F}' | '\u{E00}'..='\u{E7F}') || c.is_alphanumeric()
    };
    name.chars().all(fits) && name.to_lowercase() == name
}

/// The `name` of a command or an option.
pub(super) fn check_name(body: &Map<String, Value>, path: &[&str], naming: Naming, mistakes: &mut Mistakes) {
    check_text(body, "name", 32, path, mistakes);
    let localized = body.get("name_localizations").and_then(Value::as_object).into_iter().flatten();
    let default = body.get("name").map(|name| (None, name));
    for (locale, name) in default.into_iter().chain(localized.map(|(locale, name)| (Some(locale), name))) {
        if naming == Naming::Slash && name.as_str().is_some_and(|name| !is_slash_name(name)) {
            let path = match locale {
                None => join(path, "name"),
                Some(locale) => join(&join(path, "name_localizations"), locale),
            };
            mistakes.add(&path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid");
        }
    }
}

/// 1 to `max` characters, and so in each localization, whose keys are locales.
pub(super) fn check_text(
    body: &Map<String, Value>,
    key: &str,
    max: usize,
    path: &[&str],
    mistakes: &mut Mistakes,
) {
    let fits = |text: &str| (1..=max).contains(&text.chars().count());
    let length = format!("Must be between 1 and {max} in length.");
    match body.get(key) {
        None | Some(Value::Null) => {
            mistakes.add(&join(path, key), "BASE_TYPE_REQUIRED", "This field is required");
        }
        Some(Value::String(text)) if fits(text) => {}
        Some(Value::String(_)) => mistakes.add(&join(path, key), "BASE_TYPE_BAD_LENGTH", length.clone()),
        Some(_) => {
            mistakes.add(&join(path, key), "STRING_TYPE_CONVERT", "Could not interpret value as string.");
        }
    }
    let localizations = format!("{key}_localizations");
    for (locale, text) in body.get(&localizations).and_then(Value::as_object).into_iter().flatten() {
        let path = join(&join(path, &localizations), locale);
        if !LOCALES.contains(&locale.as_str()) {
            mistakes.add(&path, "ENUM_TYPE_COERCE", format!("Value \"{locale}\" is not a valid enum value."));
        } else if !text.as_str().is_some_and(fits) {
            mistakes.add(&path, "BASE_TYPE_BAD_LENGTH", length.clone());
        }
    }
}

/// The list under `key`; an absent one is empty.
pub(super) fn list<'a>(body: &'a Map<String, Value>, key: &str) -> &'a [Value] {
    body.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The path of `key` below `path`.
pub(super) fn join<'a>(path: &[&'a str], key: &'a str) -> Path<'a> {
    let mut path = path.to_vec();
    path.push(key);
    path
}
