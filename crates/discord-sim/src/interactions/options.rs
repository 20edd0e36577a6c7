//! What a user types behind a slash. Invariant: an option reaches the bot only as Discord's client would have
//! let the user send it: known, of its type, within its limits, with every required one beside it.

use std::vec;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::resolved::{Kind, Resolved};
use crate::{
    Id,
    rest::commands::option,
    world::{Upload, World},
};

/// How far the user has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage<'a> {
    /// Everything is typed and sent.
    Sent,
    /// Still typing in an option; by default the last one that has something in it.
    Typing(Option<&'a str>),
}

/// A command line being read.
pub(super) struct Reader<'a> {
    world: &'a World,
    guild: Id,
    stage: Stage<'a>,
    resolved: Resolved,
    /// For the files that come with options.
    ids: vec::IntoIter<Id>,
    files: Vec<(Id, Upload)>,
}

/// A file as it is given for an option.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default = "File::content_type")]
    content_type: String,
    content: String,
}

impl File {
    fn content_type() -> String {
        "text/plain; charset=utf-8".into()
    }
}

impl<'a> Reader<'a> {
    /// Reads for `guild`; `ids` are one for each file.
    pub(super) fn new(world: &'a World, guild: Id, stage: Stage<'a>, ids: Vec<Id>) -> Self {
        let (ids, files) = (ids.into_iter(), Vec::new());
        Self { world, guild, stage, resolved: Resolved::default(), ids, files }
    }

    /// What the options named, and the files that are yet to be stored.
    pub(super) fn finish(self) -> (Resolved, Vec<(Id, Upload)>) {
        (self.resolved, self.files)
    }

    /// `data.options` for `words` (the sub command's path) and the `given` options below it.
    pub(super) fn read(
        &mut self,
        definitions: &[Value],
        words: &[&str],
        given: &Map<String, Value>,
    ) -> Result<Vec<Value>, String> {
        let is_path = |kind: u64| kind == option::SUB_COMMAND || kind == option::SUB_COMMAND_GROUP;
        let paths: Vec<_> =
            definitions.iter().filter(|definition| is_path(kind(definition))).map(name).collect();
        match words {
            [] if paths.is_empty() => self.leaf(definitions, given),
            [] => Err(format!("expected a sub command: one of {}", paths.join(", "))),
            [word, rest @ ..] => {
                let definition = definitions
                    .iter()
                    .find(|definition| is_path(kind(definition)) && name(definition) == *word);
                let definition = definition.ok_or_else(|| {
                    format!("no sub command named {word:?}; there is [{}]", paths.join(", "))
                })?;
                let options = self.read(nested(definition), rest, given)?;
                Ok(vec![json!({"type": kind(definition), "name": word, "options": options})])
            }
        }
    }

    fn leaf(&mut self, definitions: &[Value], given: &Map<String, Value>) -> Result<Vec<Value>, String> {
        let names: Vec<_> = definitions.iter().map(name).collect();
        if let Some(unknown) = given.keys().find(|key| !names.contains(&key.as_str())) {
            return Err(format!("no option named {unknown:?}; there is [{}]", names.join(", ")));
        }
        let focused = match self.stage {
            Stage::Sent => None,
            Stage::Typing(Some(focused)) => Some(focused),
            Stage::Typing(None) => names.iter().rfind(|name| given.contains_key(**name)).copied(),
        };
        let mut options = Vec::new();
        for definition in definitions {
            let name = name(definition);
            let focus = focused == Some(name);
            match given.get(name) {
                value if focus => options.push(focused_option(definition, value)?),
                Some(value) => {
                    let value =
                        self.value(definition, value).map_err(|error| format!("option {name}: {error}"))?;
                    options.push(json!({"type": kind(definition), "name": name, "value": value}));
                }
                None if definition["required"] == true && self.stage == Stage::Sent => {
                    return Err(format!("option {name} is required"));
                }
                None => {}
            }
        }
        match focused {
            Some(focused) if !names.contains(&focused) => {
                Err(format!("no option named {focused:?} to type in"))
            }
            None if self.stage != Stage::Sent => Err("expected an option that is being typed in".into()),
            _ => Ok(options),
        }
    }

    fn value(&mut self, definition: &Value, given: &Value) -> Result<Value, String> {
        let text = given.as_str();
        let value = match kind(definition) {
            option::STRING => {
                let text = text.ok_or("expected a string")?;
                length_fits(definition, text.chars().count() as u64)?;
                json!(text)
            }
            option::INTEGER => {
                let number = given.as_i64().or_else(|| text?.parse().ok()).ok_or("expected an integer")?;
                if number.unsigned_abs() > 1 << 53 {
                    return Err("expected an integer between -2^53 and 2^53".into());
                }
                #[expect(clippy::cast_precision_loss, reason = "up to 2^53 is exact")]
                size_fits(definition, number as f64)?;
                json!(number)
            }
            option::NUMBER => {
                let number = given.as_f64().or_else(|| text?.parse().ok()).ok_or("expected a number")?;
                size_fits(definition, number)?;
                json!(number)
            }
            option::BOOLEAN => {
                json!(given.as_bool().or_else(|| text?.parse().ok()).ok_or("expected true or false")?)
            }
            option::USER => self.id(Kind::User, given)?,
            option::ROLE => self.id(Kind::Role, given)?,
            option::MENTIONABLE => self.id(Kind::Mentionable, given)?,
            option::CHANNEL => {
                let id = self.id(Kind::Channel, given)?;
                self.channel_type_fits(definition, &id)?;
                id
            }
            option::ATTACHMENT => self.file(given)?,
            other => return Err(format!("options of type {other} can't be given here")),
        };
        chosen(definition, value)
    }

    fn file(&mut self, given: &Value) -> Result<Value, String> {
        let File { name, content_type, content } = File::deserialize(given)
            .map_err(|error| format!("expected a file, {{\"name\", \"content\"}}: {error}"))?;
        let id = self.ids.next().ok_or("more files than were counted")?;
        self.files.push((id, Upload { index: 0, filename: name, content_type, bytes: content.into() }));
        Ok(json!(id))
    }

    fn id(&mut self, kind: Kind, given: &Value) -> Result<Value, String> {
        let id: Id = serde_json::from_value(given.clone()).map_err(|_| "expected an id".to_owned())?;
        self.resolved.enter(self.world, self.guild, kind, id)?;
        Ok(json!(id))
    }

    fn channel_type_fits(&self, definition: &Value, id: &Value) -> Result<(), String> {
        let id = id.as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
        let found = self.world.channels.get(&id).map(|channel| channel.kind);
        match definition["channel_types"].as_array() {
            Some(types) if !types.is_empty() && !types.contains(&json!(found)) => {
                Err(format!("expected a channel of a type in {types:?}"))
            }
            _ => Ok(()),
        }
    }
}

/// The option being typed in: whatever stands there so far, as text.
fn focused_option(definition: &Value, given: Option<&Value>) -> Result<Value, String> {
    let name = name(definition);
    if definition["autocomplete"] != true {
        return Err(format!("option {name} has no autocomplete"));
    }
    let typed = match given {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    Ok(json!({"type": kind(definition), "name": name, "value": typed, "focused": true}))
}

/// With choices, the value is one of them; a choice's name stands for its value.
fn chosen(definition: &Value, value: Value) -> Result<Value, String> {
    let Some(choices) = definition["choices"].as_array().filter(|choices| !choices.is_empty()) else {
        return Ok(value);
    };
    let choice = choices.iter().find(|choice| choice["value"] == value || choice["name"] == value);
    choice.map(|choice| choice["value"].clone()).ok_or_else(|| {
        let names: Vec<_> = choices.iter().filter_map(|choice| choice["name"].as_str()).collect();
        format!("expected one of the choices [{}]", names.join(", "))
    })
}

fn length_fits(definition: &Value, length: u64) -> Result<(), String> {
    let (min, max) = (definition["min_length"].as_u64(), definition["max_length"].as_u64());
    let (min, max) = (min.unwrap_or(0), max.unwrap_or(6000));
    if (min..=max).contains(&length) { Ok(()) } else { Err(format!("expected {min} to {max} characters")) }
}

fn size_fits(definition: &Value, number: f64) -> Result<(), String> {
    let (min, max) = (definition["min_value"].as_f64(), definition["max_value"].as_f64());
    if min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max) {
        return Err(format!("expected a value from {min:?} to {max:?}"));
    }
    Ok(())
}

fn kind(definition: &Value) -> u64 {
    definition["type"].as_u64().unwrap_or_default()
}

fn name(definition: &Value) -> &str {
    definition["name"].as_str().unwrap_or_default()
}

fn nested(definition: &Value) -> &[Value] {
    definition["options"].as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;

    fn read(line: &[&str], given: &Value, stage: Stage<'_>) -> Result<Value, String> {
        let definitions = json!([{"type": 1, "name": "restart", "options": [
            {"type": 3, "name": "service", "required": true, "autocomplete": true, "max_length": 5},
            {"type": 4, "name": "delay", "min_value": 0, "max_value": 60},
            {"type": 3, "name": "mode", "choices": [{"name": "Gently", "value": "soft"}]},
        ]}]);
        let world = World::new(Clock::default());
        let mut reader = Reader::new(&world, Id(1), stage, Vec::new());
        reader.read(definitions.as_array().unwrap(), line, given.as_object().unwrap()).map(Value::from)
    }

    #[test]
    fn a_sub_command_carries_its_options_in_their_types() {
        let given = json!({"service": "blog", "delay": "5", "mode": "Gently"});
        let options = json!([{"type": 1, "name": "restart", "options": [
            {"type": 3, "name": "service", "value": "blog"},
            {"type": 4, "name": "delay", "value": 5},
            {"type": 3, "name": "mode", "value": "soft"},
        ]}]);
        assert_eq!(read(&["restart"], &given, Stage::Sent), Ok(options));
    }

    #[test]
    fn a_line_that_the_client_would_not_send_is_refused() {
        let refused = |line: &[&str], given: Value| read(line, &given, Stage::Sent).unwrap_err();
        assert_eq!(refused(&[], json!({})), "expected a sub command: one of restart");
        assert!(refused(&["stop"], json!({})).starts_with("no sub command named \"stop\""));
        assert_eq!(refused(&["restart"], json!({})), "option service is required");
        assert!(refused(&["restart"], json!({"service": "too long"})).contains("0 to 5 characters"));
        assert!(refused(&["restart"], json!({"service": "a", "delay": 61})).contains("expected a value"));
        assert!(refused(&["restart"], json!({"service": "a", "mode": "x"})).contains("Gently"));
        assert!(
            refused(&["restart"], json!({"service": "a", "other": 1})).contains("no option named \"other\"")
        );
    }

    #[test]
    fn the_option_being_typed_in_is_focused_and_need_not_be_complete() {
        let typed = read(&["restart"], &json!({"service": "bl"}), Stage::Typing(None)).unwrap();
        let focused = json!([{"type": 3, "name": "service", "value": "bl", "focused": true}]);
        assert_eq!(typed[0]["options"], focused);
        let empty = read(&["restart"], &json!({}), Stage::Typing(Some("service"))).unwrap();
        assert_eq!(empty[0]["options"][0]["value"], "");
        let error = read(&["restart"], &json!({"delay": 1}), Stage::Typing(None)).unwrap_err();
        assert_eq!(error, "option delay has no autocomplete");
    }
}
