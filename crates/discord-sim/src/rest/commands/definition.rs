//! What a command may look like (docs, "Application Commands: Application Command Object"). Invariant: a
//! [`Definition`] that exists is one that Discord would have taken; every mistake of a body is told at once.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::error::{ApiError, Mistakes};

/// Sum of names, descriptions and values of one command (docs, "Application Commands: Slash Commands").
const MAX_CHARACTERS: usize = 8000;
const MAX_OPTIONS: usize = 25;
const MAX_CHOICES: usize = 25;

/// docs, "Reference: Locales".
const LOCALES: [&str; 33] = [
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl",
    "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja",
    "zh-TW", "ko", "he",
];

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

/// Kinds of option.
pub(crate) mod option {
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
}

/// Kinds of command.
pub(crate) const CHAT_INPUT: u64 = 1;
const USER: u64 = 2;
const MESSAGE: u64 = 3;

/// A command as its application described it, checked and with its defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Definition(Map<String, Value>);

/// Where a mistake is.
type Path<'a> = Vec<&'a str>;

impl Definition {
    /// Reads a create body.
    pub(crate) fn new(body: &Value) -> Result<Self, ApiError> {
        let mut mistakes = Mistakes::default();
        let definition = Self::read(body, &[], &mut mistakes);
        mistakes.into_result()?;
        Ok(definition)
    }

    /// Reads a body that is one of a list, noting mistakes under its `path`.
    pub(crate) fn read(body: &Value, path: &[&str], mistakes: &mut Mistakes) -> Self {
        let Some(body) = body.as_object() else {
            mistakes.add(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType");
            return Self(Map::new());
        };
        let kind = body.get("type").filter(|kind| !kind.is_null()).map_or(Some(CHAT_INPUT), Value::as_u64);
        let Some(kind @ (CHAT_INPUT | USER | MESSAGE)) = kind else {
            mistakes.add(&join(path, "type"), "BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3).");
            return Self(Map::new());
        };
        let naming = if kind == CHAT_INPUT { Naming::Slash } else { Naming::Free };
        check_name(body, path, naming, mistakes);
        if kind == CHAT_INPUT {
            check_text(body, "description", 100, path, mistakes);
        } else if body.get("description").and_then(Value::as_str).is_some_and(|text| !text.is_empty()) {
            let text = "Context menu commands cannot have description";
            mistakes.add(&join(path, "description"), "APPLICATION_COMMAND_INVALID_DESCRIPTION", text);
        }
        let options = list(body, "options");
        if kind != CHAT_INPUT && !options.is_empty() {
            let text = "Context menu commands cannot have options";
            mistakes.add(&join(path, "options"), "APPLICATION_COMMAND_INVALID_OPTIONS", text);
        }
        check_options(options, &join(path, "options"), Level::Command, mistakes);
        let permissions = permission_bits(body, path, mistakes);
        if characters(body) > MAX_CHARACTERS {
            let text = format!("Command exceeds maximum size ({MAX_CHARACTERS})");
            mistakes.add(path, "APPLICATION_COMMAND_TOO_LARGE", text);
        }
        Self(normalised(body, kind, permissions))
    }

    /// This definition with the fields of a PATCH body put over it.
    pub(crate) fn patched(&self, patch: &Map<String, Value>) -> Result<Self, ApiError> {
        let mut body = self.0.clone();
        for (key, value) in patch.iter().filter(|(key, _)| *key != "type") {
            body.insert(key.clone(), value.clone());
        }
        Self::new(&Value::Object(body))
    }

    /// The fields as they go into a response.
    pub(crate) fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The command's name.
    pub(crate) fn name(&self) -> &str {
        self.0.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    /// 1 chat input, 2 user, 3 message.
    pub(crate) fn kind(&self) -> u64 {
        self.0.get("type").and_then(Value::as_u64).unwrap_or(CHAT_INPUT)
    }
}

/// Where an option list stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Command,
    Group,
    SubCommand,
}

fn check_options(options: &[Value], path: &[&str], level: Level, mistakes: &mut Mistakes) {
    if options.len() > MAX_OPTIONS {
        let text = format!("Must be {MAX_OPTIONS} or fewer in length.");
        mistakes.add(path, "BASE_TYPE_MAX_LENGTH", text);
    }
    let nested = |option: &Value| {
        matches!(option["type"].as_u64(), Some(option::SUB_COMMAND | option::SUB_COMMAND_GROUP))
    };
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
        Level::Command => option::SUB_COMMAND..=option::ATTACHMENT,
        Level::Group => option::SUB_COMMAND..=option::SUB_COMMAND,
        Level::SubCommand => option::STRING..=option::ATTACHMENT,
    };
    if !allowed.contains(&kind) {
        let text = format!("Value must be one of {allowed:?} here.");
        mistakes.add(&join(path, "type"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", text);
        return;
    }
    let options = list(option, "options");
    match kind {
        option::SUB_COMMAND => check_options(options, &join(path, "options"), Level::SubCommand, mistakes),
        option::SUB_COMMAND_GROUP => check_options(options, &join(path, "options"), Level::Group, mistakes),
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
            option::STRING => value.as_str().is_some_and(|text| (1..=100).contains(&text.chars().count())),
            option::INTEGER => value.is_i64(),
            option::NUMBER => value.is_number(),
            _ => false,
        };
        if !fits {
            let text = "The value does not fit the option's type";
            mistakes.add(&join(&path, "value"), "UNION_TYPE_CHOICES", text);
        }
    }
}

/// Which names are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Naming {
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

fn check_name(body: &Map<String, Value>, path: &[&str], naming: Naming, mistakes: &mut Mistakes) {
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
fn check_text(body: &Map<String, Value>, key: &str, max: usize, path: &[&str], mistakes: &mut Mistakes) {
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

fn permission_bits(body: &Map<String, Value>, path: &[&str], mistakes: &mut Mistakes) -> Option<String> {
    let bits = match body.get("default_member_permissions")? {
        Value::Null => return None,
        Value::String(text) => text.parse::<u64>().ok(),
        other => other.as_u64(),
    };
    if bits.is_none() {
        let text = "Expected permission bits in decimal.";
        mistakes.add(&join(path, "default_member_permissions"), "NUMBER_TYPE_COERCE", text);
    }
    bits.map(|bits| bits.to_string())
}

/// Names, descriptions and choice values, of each the longest of its translations.
fn characters(body: &Map<String, Value>) -> usize {
    let length = |value: &Value| value.as_str().map_or(0, |text| text.chars().count());
    let longest = |key: &str| {
        let localized = body.get(&format!("{key}_localizations")).and_then(Value::as_object);
        let all = body.get(key).into_iter().chain(localized.into_iter().flat_map(Map::values));
        all.map(length).max().unwrap_or(0)
    };
    let nested = list(body, "options").iter().chain(list(body, "choices"));
    let nested: usize = nested.filter_map(Value::as_object).map(characters).sum();
    longest("name") + longest("description") + body.get("value").map_or(0, length) + nested
}

fn normalised(body: &Map<String, Value>, kind: u64, permissions: Option<String>) -> Map<String, Value> {
    let or = |key: &str, default: Value| {
        body.get(key).filter(|value| !value.is_null()).cloned().unwrap_or(default)
    };
    let mut fields = Map::new();
    fields.insert("type".into(), json!(kind));
    fields.insert("name".into(), or("name", json!("")));
    fields.insert("name_localizations".into(), or("name_localizations", Value::Null));
    fields.insert("description".into(), or("description", json!("")));
    fields.insert("description_localizations".into(), or("description_localizations", Value::Null));
    fields.insert("default_member_permissions".into(), permissions.map_or(Value::Null, Value::String));
    fields.insert("dm_permission".into(), or("dm_permission", json!(true)));
    fields.insert("contexts".into(), or("contexts", Value::Null));
    fields.insert("integration_types".into(), or("integration_types", json!([0])));
    fields.insert("nsfw".into(), or("nsfw", json!(false)));
    let options: Vec<_> = list(body, "options").iter().map(normalised_option).collect();
    if !options.is_empty() {
        fields.insert("options".into(), options.into());
    }
    fields
}

fn normalised_option(option: &Value) -> Value {
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

fn list<'a>(body: &'a Map<String, Value>, key: &str) -> &'a [Value] {
    body.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn join<'a>(path: &[&'a str], key: &'a str) -> Path<'a> {
    let mut path = path.to_vec();
    path.push(key);
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(body: &Value) -> String {
        Definition::new(body).err().and_then(|error| error.errors).unwrap_or_default().to_string()
    }

    #[test]
    fn every_mistake_of_a_command_is_told_at_its_path() {
        let option = |name: &str| json!({"type": 3, "name": name, "description": "d"});
        let mut choices = option("a");
        choices["choices"] = json!([{"name": "one", "value": 1}]);
        let mut required = option("c");
        required["required"] = json!(true);
        let body = json!({"name": "Upper", "description": "", "name_localizations": {"xx": "y"},
            "options": [choices, option("b"), option("b"), required, {"type": 1, "name": "s", "description": "d"}]});
        let errors = Definition::new(&body).unwrap_err().errors.unwrap();
        assert_eq!(errors["name"]["_errors"][0]["code"], "APPLICATION_COMMAND_INVALID_NAME");
        assert_eq!(errors["description"]["_errors"][0]["code"], "BASE_TYPE_BAD_LENGTH");
        assert_eq!(errors["name_localizations"]["xx"]["_errors"][0]["code"], "ENUM_TYPE_COERCE");
        assert_eq!(
            errors["options"]["0"]["choices"]["0"]["value"]["_errors"][0]["code"],
            "UNION_TYPE_CHOICES"
        );
        assert!(
            errors["options"]["2"]["name"]["_errors"][0]["code"]
                .as_str()
                .unwrap()
                .ends_with("ALREADY_EXISTS")
        );
        let required = "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID";
        assert_eq!(errors["options"]["3"]["_errors"][0]["code"], required);
        assert!(errors["options"]["4"]["type"].is_object());
    }

    #[test]
    fn a_command_larger_than_8000_characters_is_refused() {
        let choices: Vec<_> =
            (0..25).map(|n| json!({"name": format!("{n:0>90}"), "value": format!("{n:0>90}")})).collect();
        let option =
            |n: u32| json!({"type": 3, "name": format!("o{n}"), "description": "d", "choices": choices});
        let body = |count| json!({"name": "big", "description": "d", "options": (0..count).map(option).collect::<Vec<_>>()});
        assert_eq!(codes(&body(1)), "null");
        assert!(codes(&body(2)).contains("APPLICATION_COMMAND_TOO_LARGE"));
    }

    #[test]
    fn sub_commands_nest_once_and_user_commands_have_free_names() {
        let sub = json!({"type": 1, "name": "restart", "description": "d"});
        let group = json!({"type": 2, "name": "unit", "description": "d", "options": [sub]});
        let body = |options: Value| json!({"name": "service", "description": "d", "options": options});
        assert_eq!(codes(&body(json!([group]))), "null");
        let nested = json!({"type": 1, "name": "x", "description": "d", "options": [group]});
        assert!(codes(&body(json!([nested]))).contains("TYPE_INVALID"));
        assert_eq!(codes(&json!({"name": "High Five", "type": 2})), "null");
    }

    #[test]
    fn a_patch_changes_only_what_it_names() {
        let old = Definition::new(&json!({"name": "ping", "description": "d", "nsfw": true})).unwrap();
        let new = old.patched(json!({"description": "e"}).as_object().unwrap()).unwrap();
        assert_eq!(
            (new.name(), &new.fields()["description"], &new.fields()["nsfw"]),
            ("ping", &json!("e"), &json!(true))
        );
    }
}
