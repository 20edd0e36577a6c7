//! What a command may look like (docs, "Application Commands: Application Command Object"). Invariant: a
//! [`Definition`] that exists is one that Discord would have taken; every mistake of a body is told at once.

use serde_json::{Map, Value, json};

use super::{
    option::{Level, check_options, normalised_option},
    text::{Naming, check_name, check_text, join, list},
};
use crate::error::{ApiError, Mistakes};

/// Sum of names, descriptions and values of one command (docs, "Application Commands: Slash Commands").
const MAX_CHARACTERS: usize = 8000;

/// Kinds of command.
pub(crate) const CHAT_INPUT: u64 = 1;
pub(crate) const USER: u64 = 2;
pub(crate) const MESSAGE: u64 = 3;

/// A command as its application described it, checked and with its defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Definition(Map<String, Value>);

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
