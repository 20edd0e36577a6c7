//! The options of a command (docs, "Application Commands: Application Command Option Structure"). Invariant:
//! an option of a type that may not stand where it stands is told, and not looked into.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::text::{Naming, check_name, check_text, join, list};
use crate::error::Mistakes;

const MAX_OPTIONS: usize = 25;
const MAX_CHOICES: usize = 25;

// Kinds of option (docs, "Application Command Option Type").
pub(crate) const SUB_COMMAND: u64 = 1;
pub(crate) const SUB_COMMAND_GROUP: u64 = 2;
pub(crate) const STRING: u64 = 3;
pub(crate) const INTEGER: u64 = 4;
pub(crate) const BOOLEAN: u64 = 5;
pub(crate) const USER: u64 = 6;
pub(crate) const CHANNEL: u64 = 7;
pub(crate) const ROLE: u64 = 8;
pub(crate) const MENTIONABLE: u64 = 9;
pub(crate) const NUMBER: u64 = 10;
pub(crate) const ATTACHMENT: u64 = 11;

/// What may stand in an option, beside its type (docs, "Application Command Option Structure").
const OPTION_KEYS: [&str; 14] = [
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "required",
    "choices",
    "options",
    "channel_types",
    "min_value",
    "max_value",
    "min_length",
    "max_length",
    "autocomplete",
    "type",
];

/// Where an option list stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Command,
    Group,
    SubCommand,
}

/// Notes every mistake of an option list.
pub(super) fn check_options(options: &[Value], path: &[&str], level: Level, mistakes: &mut Mistakes) {
    if options.len() > MAX_OPTIONS {
        let text = format!("Must be {MAX_OPTIONS} or fewer in length.");
        mistakes.add(path, "BASE_TYPE_MAX_LENGTH", text);
    }
    let nested = |option: &Value| matches!(option["type"].as_u64(), Some(SUB_COMMAND | SUB_COMMAND_GROUP));
    let mixed = options.iter().any(nested) && !options.iter().all(nested);
    let mut names = HashSet::new();
    let mut optional_seen = false;
    for (index, option) in options.iter().enumerate() {
        let index = index.to_string();
        let path = join(path, &index);
        let Some(map) = option.as_object() else {
            mistakes.add(&path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType");
            continue;
        };
        check_option(map, &path, level, mistakes);
        if mixed {
            let text =
                "Sub-command and sub-command group option types are mutually exclusive to all other types";
            mistakes.add(&join(&path, "type"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", text);
        }
        if !names.insert(&option["name"]) {
            let text = "Option names must be unique";
            mistakes.add(&join(&path, "name"), "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", text);
        }
        let required = option["required"] == true;
        if required && optional_seen {
            let text = "Required options must be placed before non-required options";
            mistakes.add(&path, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", text);
        }
        optional_seen |= !required;
    }
}

fn check_option(option: &Map<String, Value>, path: &[&str], level: Level, mistakes: &mut Mistakes) {
    check_name(option, path, Naming::Slash, mistakes);
    check_text(option, "description", 100, path, mistakes);
    let kind = option.get("type").and_then(Value::as_u64).unwrap_or_default();
    let allowed = match level {
        Level::Command => SUB_COMMAND..=ATTACHMENT,
        Level::Group => SUB_COMMAND..=SUB_COMMAND,
        Level::SubCommand => STRING..=ATTACHMENT,
    };
    if !allowed.contains(&kind) {
        let text = format!("Value must be one of {allowed:?} here.");
        mistakes.add(&join(path, "type"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", text);
        return;
    }
    let options = list(option, "options");
    match kind {
        SUB_COMMAND => check_options(options, &join(path, "options"), Level::SubCommand, mistakes),
        SUB_COMMAND_GROUP => check_options(options, &join(path, "options"), Level::Group, mistakes),
        _ if !options.is_empty() => {
            let text = "Only sub commands and groups have options";
            mistakes.add(&join(path, "options"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", text);
        }
        _ => {}
    }
    check_choices(option, kind, path, mistakes);
    for (key, from, to) in [("min_length", 0, 6000), ("max_length", 1, 6000)] {
        match option.get(key) {
            None | Some(Value::Null) => {}
            Some(value) if value.as_u64().is_some_and(|n| (from..=to).contains(&n)) => {}
            Some(_) => {
                mistakes.add(&join(path, key), "NUMBER_TYPE_RANGE", format!("Must be {from} to {to}."));
            }
        }
    }
}

fn check_choices(option: &Map<String, Value>, kind: u64, path: &[&str], mistakes: &mut Mistakes) {
    let choices = list(option, "choices");
    let path = join(path, "choices");
    if choices.is_empty() {
        return;
    }
    if choices.len() > MAX_CHOICES {
        mistakes.add(&path, "BASE_TYPE_MAX_LENGTH", format!("Must be {MAX_CHOICES} or fewer in length."));
    }
    if option.get("autocomplete") == Some(&json!(true)) {
        let text = "Autocomplete options cannot have choices";
        mistakes.add(&path, "APPLICATION_COMMAND_AUTOCOMPLETE_WITH_CHOICES", text);
    }
    for (index, choice) in choices.iter().enumerate() {
        let index = index.to_string();
        let path = join(&path, &index);
        if let Some(choice) = choice.as_object() {
            check_text(choice, "name", 100, &path, mistakes);
        }
        let value = &choice["value"];
        let fits = match kind {
            STRING => value.as_str().is_some_and(|text| (1..=100).contains(&text.chars().count())),
            INTEGER => value.is_i64(),
            NUMBER => value.is_number(),
            _ => false,
        };
        if !fits {
            let text = "The value does not fit the option's type";
            mistakes.add(&join(&path, "value"), "UNION_TYPE_CHOICES", text);
        }
    }
}

/// An option as it stands in a response.
pub(super) fn normalised_option(option: &Value) -> Value {
    let mut fields = Map::new();
    for key in OPTION_KEYS {
        let value = match &option[key] {
            Value::Null => continue,
            Value::Array(options) if key == "options" => options.iter().map(normalised_option).collect(),
            other => other.clone(),
        };
        fields.insert(key.into(), value);
    }
    Value::Object(fields)
}
