//! Buttons, selects and modals as a user works them (docs, "Component Reference"). Invariant: only what the shown
//! component allows reaches the bot.

use serde_json::{Map, Value, json};

use super::resolved::{Kind, Resolved};
use crate::{
    Id,
    error::{ApiError, Mistakes},
    world::World,
};

const BUTTON: u64 = 2;
const STRING_SELECT: u64 = 3;
const TEXT_INPUT: u64 = 4;
const LABEL: u64 = 18;

/// The component with this custom id, anywhere in the tree.
pub(super) fn find<'a>(components: &'a Value, custom_id: &str) -> Option<&'a Value> {
    match components {
        Value::Array(list) => list.iter().find_map(|component| find(component, custom_id)),
        Value::Object(component) if component.get("custom_id").is_some_and(|id| id == custom_id) => {
            Some(components)
        }
        Value::Object(component) => ["components", "component", "accessory"]
            .iter()
            .find_map(|key| find(component.get(*key)?, custom_id)),
        _ => None,
    }
}

/// `data` of a pressed button.
pub(super) fn press(component: &Value) -> Result<Map<String, Value>, String> {
    if component["type"].as_u64() != Some(BUTTON) {
        return Err("this component is not a button".into());
    }
    data_of(component)
}

/// `data` of a select with these values chosen.
pub(super) fn select(
    world: &World,
    guild: Id,
    component: &Value,
    values: &[String],
) -> Result<Map<String, Value>, String> {
    let mut resolved = Resolved::default();
    let mut data = data_of(component)?;
    check_values(world, guild, component, values, &mut resolved)?;
    data.insert("values".into(), json!(values));
    if let Some(resolved) = resolved.into_value() {
        data.insert("resolved".into(), resolved);
    }
    Ok(data)
}

fn data_of(component: &Value) -> Result<Map<String, Value>, String> {
    if component["disabled"] == true {
        return Err("this component is disabled".into());
    }
    let mut data = Map::new();
    data.insert("component_type".into(), component["type"].clone());
    data.insert("custom_id".into(), component["custom_id"].clone());
    data.insert("id".into(), component.get("id").cloned().unwrap_or(json!(0)));
    Ok(data)
}

fn check_values(
    world: &World,
    guild: Id,
    component: &Value,
    values: &[String],
    resolved: &mut Resolved,
) -> Result<(), String> {
    let bound = |key: &str| component[key].as_u64().unwrap_or(1);
    let (min, max) = (bound("min_values"), bound("max_values"));
    if !(min..=max).contains(&(values.len() as u64)) {
        return Err(format!("expected {min} to {max} values, found {}", values.len()));
    }
    let kind = match component["type"].as_u64() {
        Some(STRING_SELECT) => {
            let options = component["options"].as_array().map(Vec::as_slice).unwrap_or_default();
            let unknown =
                values.iter().find(|value| !options.iter().any(|option| option["value"] == value.as_str()));
            return unknown.map_or(Ok(()), |value| Err(format!("the select has no value {value:?}")));
        }
        Some(5) => Kind::User,
        Some(6) => Kind::Role,
        Some(7) => Kind::Mentionable,
        Some(8) => Kind::Channel,
        _ => return Err("this component is not a select".into()),
    };
    for value in values {
        let id = value.parse().map_err(|_| format!("expected an id, found {value:?}"))?;
        resolved.enter(world, guild, kind, id)?;
    }
    Ok(())
}

/// Whether a modal is one that Discord shows (docs, "Interaction Response Object: Modal").
pub(super) fn check_modal(modal: &Value) -> Result<(), ApiError> {
    let mut mistakes = Mistakes::default();
    for (key, max) in [("title", 45), ("custom_id", 100)] {
        let length = modal[key].as_str().map_or(0, |text| text.chars().count());
        if !(1..=max).contains(&length) {
            let text = format!("Must be between 1 and {max} in length.");
            mistakes.add(&["data", key], "BASE_TYPE_BAD_LENGTH", text);
        }
    }
    let rows = modal["components"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !(1..=5).contains(&rows.len()) {
        mistakes.add(&["data", "components"], "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.");
    }
    for (index, row) in rows.iter().enumerate() {
        let index = index.to_string();
        for input in inputs(row) {
            check_input(input, &["data", "components", &index], &mut mistakes);
        }
    }
    mistakes.into_result()
}

fn check_input(input: &Value, path: &[&str], mistakes: &mut Mistakes) {
    let custom_id = input["custom_id"].as_str().map_or(0, |text| text.chars().count());
    if !(1..=100).contains(&custom_id) {
        mistakes.add(
            &[path, &["custom_id"]].concat(),
            "BASE_TYPE_BAD_LENGTH",
            "Must be between 1 and 100 in length.",
        );
    }
    if input["type"].as_u64() != Some(TEXT_INPUT) {
        return;
    }
    if !matches!(input["style"].as_u64(), Some(1 | 2)) {
        mistakes.add(&[path, &["style"]].concat(), "BASE_TYPE_CHOICES", "Value must be one of (1, 2).");
    }
    if input["label"].as_str().is_some_and(|label| !(1..=45).contains(&label.chars().count())) {
        mistakes.add(
            &[path, &["label"]].concat(),
            "BASE_TYPE_BAD_LENGTH",
            "Must be between 1 and 45 in length.",
        );
    }
    for key in ["min_length", "max_length"] {
        if input[key].as_u64().is_some_and(|length| length > 4000) {
            mistakes.add(
                &[path, &[key]].concat(),
                "NUMBER_TYPE_MAX",
                "Value should be less than or equal to 4000.",
            );
        }
    }
}

/// The inputs of a modal's row: an action row's, or a label's one.
fn inputs(row: &Value) -> impl Iterator<Item = &Value> {
    let row_inputs = row["components"].as_array().into_iter().flatten();
    row_inputs.chain(row.get("component").filter(|component| component.is_object()))
}

/// `data` of a modal sent with these texts (lists for selects) by custom id.
pub(super) fn submit(
    world: &World,
    guild: Id,
    modal: &Value,
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, String> {
    let mut resolved = Resolved::default();
    let rows = modal["components"].as_array().map(Vec::as_slice).unwrap_or_default();
    let known: Vec<_> =
        rows.iter().flat_map(inputs).filter_map(|input| input["custom_id"].as_str()).collect();
    if let Some(unknown) = given.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(format!("the modal has no input {unknown:?}; there is [{}]", known.join(", ")));
    }
    let mut sent = Vec::new();
    for row in rows {
        let mut answers = Vec::new();
        for input in inputs(row) {
            let value = input["custom_id"].as_str().and_then(|id| given.get(id));
            answers.push(answer(world, guild, input, value, &mut resolved)?);
        }
        let mut echo = json!({"type": row["type"], "id": row.get("id").cloned().unwrap_or(json!(0))});
        match row["type"].as_u64() {
            Some(LABEL) => echo["component"] = answers.pop().unwrap_or_default(),
            Some(1) => echo["components"] = answers.into(),
            _ => {}
        }
        sent.push(echo);
    }
    let mut data = Map::new();
    data.insert("custom_id".into(), modal["custom_id"].clone());
    data.insert("components".into(), sent.into());
    if let Some(resolved) = resolved.into_value() {
        data.insert("resolved".into(), resolved);
    }
    Ok(data)
}

fn answer(
    world: &World,
    guild: Id,
    input: &Value,
    given: Option<&Value>,
    resolved: &mut Resolved,
) -> Result<Value, String> {
    let custom_id = input["custom_id"].as_str().unwrap_or_default();
    let mut answer = json!({
        "type": input["type"], "id": input.get("id").cloned().unwrap_or(json!(0)), "custom_id": custom_id,
    });
    if input["type"].as_u64() == Some(TEXT_INPUT) {
        let text = given.or(input.get("value")).and_then(Value::as_str).unwrap_or_default();
        check_text(input, text).map_err(|error| format!("input {custom_id}: {error}"))?;
        answer["value"] = json!(text);
    } else {
        let values: Vec<String> = match given {
            Some(Value::String(one)) => vec![one.clone()],
            Some(list) => {
                serde_json::from_value(list.clone()).map_err(|_| "expected a list of values".to_owned())?
            }
            None => Vec::new(),
        };
        if !values.is_empty() || input["required"] != false {
            check_values(world, guild, input, &values, resolved)
                .map_err(|error| format!("input {custom_id}: {error}"))?;
        }
        answer["values"] = json!(values);
    }
    Ok(answer)
}

fn check_text(input: &Value, text: &str) -> Result<(), String> {
    let length = text.chars().count() as u64;
    let required = input["required"] != false;
    if length == 0 {
        return if required { Err("is required".into()) } else { Ok(()) };
    }
    let (min, max) =
        (input["min_length"].as_u64().unwrap_or(0), input["max_length"].as_u64().unwrap_or(4000));
    if (min..=max).contains(&length) { Ok(()) } else { Err(format!("expected {min} to {max} characters")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;

    fn world() -> World {
        World::new(Clock::default())
    }

    #[test]
    fn a_component_is_found_in_rows_sections_and_containers() {
        let button = json!({"type": 2, "style": 1, "custom_id": "go"});
        let tree = json!([{"type": 17, "components": [{"type": 9, "components": [], "accessory": button}]}]);
        assert_eq!(find(&tree, "go"), Some(&button));
        assert_eq!(find(&tree, "stay"), None);
    }

    #[test]
    fn a_select_takes_only_its_own_values_and_as_many_as_it_says() {
        let menu = json!({"type": 3, "custom_id": "m", "max_values": 2, "options": [{"value": "a"}, {"value": "b"}]});
        let chosen = |values: &[&str]| {
            select(
                &world(),
                Id(1),
                &menu,
                &values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>(),
            )
        };
        assert_eq!(chosen(&["a", "b"]).unwrap()["values"], json!(["a", "b"]));
        assert!(chosen(&["c"]).unwrap_err().contains("no value \"c\""));
        assert!(chosen(&[]).unwrap_err().contains("1 to 2 values"));
    }

    #[test]
    fn a_modal_echoes_rows_and_labels_with_what_was_typed() {
        let modal = json!({"custom_id": "why", "title": "t", "components": [
            {"type": 1, "id": 1, "components": [{"type": 4, "id": 2, "custom_id": "reason", "style": 1, "label": "r"}]},
            {"type": 18, "id": 3, "label": "l",
             "component": {"type": 4, "id": 4, "custom_id": "more", "style": 2, "required": false}},
        ]});
        check_modal(&modal).unwrap();
        let given = json!({"reason": "maintenance"});
        let data = submit(&world(), Id(1), &modal, given.as_object().unwrap()).unwrap();
        assert_eq!(
            Value::Object(data),
            json!({"custom_id": "why", "components": [
                {"type": 1, "id": 1, "components": [
                    {"type": 4, "id": 2, "custom_id": "reason", "value": "maintenance"}]},
                {"type": 18, "id": 3, "component": {"type": 4, "id": 4, "custom_id": "more", "value": ""}},
            ]})
        );
        let nothing = submit(&world(), Id(1), &modal, &Map::new()).unwrap_err();
        assert_eq!(nothing, "input reason: is required");
    }
}
