//! The schemas of the description, made fit for judging real bodies, compiled when first needed and then
//! kept. Invariant: the description is relaxed only where it is stricter than Discord itself, and each
//! such place is named in [`prepare`].

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use jsonschema::{Registry, ValidationError, Validator, error::ValidationErrorKind};
use serde_json::{Value, json};

/// The name under which every schema refers to the document.
const DOCUMENT: &str = "urn:discord:openapi";

/// Not more than this many mistakes of one body are told.
const TOLD_AT_MOST: usize = 8;

/// The schemas of one document.
pub(crate) struct Schemas {
    registry: Registry<'static>,
    compiled: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Schemas {
    /// The schemas of a [prepared](prepare) document.
    pub(crate) fn of(document: &Value) -> Result<Self, String> {
        let components = document.get("components").ok_or("the document has no object 'components'")?;
        let registry = Registry::new()
            .add(DOCUMENT, json!({ "components": components }))
            .and_then(jsonschema::RegistryBuilder::prepare)
            .map_err(|error| error.to_string())?;
        Ok(Self { registry, compiled: Mutex::default() })
    }

    /// What is wrong with `body`: JSON pointer and reason. `key` names the schema among all.
    pub(crate) fn check(&self, key: &str, schema: &Value, body: &Value) -> Vec<(String, String)> {
        let validator = match self.compile(key, schema) {
            Ok(validator) => validator,
            Err(what) => return vec![(String::new(), what)],
        };
        if validator.is_valid(body) {
            return Vec::new();
        }
        let mut mistakes = Vec::new();
        for error in validator.iter_errors(body) {
            explain(&error, &mut mistakes);
        }
        mistakes.truncate(TOLD_AT_MOST);
        mistakes
    }

    fn compile(&self, key: &str, schema: &Value) -> Result<Arc<Validator>, String> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(validator) = compiled.get(key) {
            return Ok(Arc::clone(validator));
        }
        let validator = jsonschema::options()
            .with_registry(&self.registry)
            .should_validate_formats(true)
            .build(schema)
            .map_err(|error| format!("the description's own schema does not compile: {error}"))?;
        let validator = Arc::new(validator);
        compiled.insert(key.to_owned(), Arc::clone(&validator));
        Ok(validator)
    }
}

/// Makes the document's schemas fit for judging:
/// - references are made absolute, so that a schema inside an operation can be compiled by itself;
/// - `oneOf` becomes `anyOf`: Discord's unions overlap (a webhook's edit is also a webhook's message), and
///   what fits two of them is no mistake; it marks some of them itself with `x-discord-union`;
/// - permission bits may be strings of digits, as Discord's documentation wants them ("Permissions"), though
///   some requests are described with integers;
/// - a 429 need not carry `code` (documentation, "Rate Limits": the field is optional);
/// - the `code` of a mistake in a field is a name, not a number (documentation, "Error Messages").
pub(crate) fn prepare(document: &mut Value) {
    relax(document);
    if let Some(inner) = document.pointer_mut("/components/schemas/InnerErrors/properties/_errors/items") {
        *inner = json!({
            "type": "object",
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
            "required": ["code", "message"],
        });
    }
    if let Some(limited) = document.pointer_mut("/components/schemas/RatelimitedResponse") {
        *limited = json!({
            "type": "object",
            "properties": {
                "code": {"type": "integer"},
                "global": {"type": "boolean"},
                "message": {"type": "string"},
                "retry_after": {"type": "number", "minimum": 0},
            },
            "required": ["message", "retry_after", "global"],
        });
    }
}

fn relax(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(relax),
        Value::Object(fields) => {
            if let Some(union) = fields.remove("oneOf") {
                fields.insert("anyOf".to_owned(), union);
            }
            if let Some(Value::String(reference)) = fields.get_mut("$ref")
                && reference.starts_with('#')
            {
                reference.insert_str(0, DOCUMENT);
            }
            for name in ["allow", "default_member_permissions", "deny", "permissions"] {
                if let Some(bits) = fields.get_mut(name)
                    && is_integer(bits)
                {
                    *bits = json!({"anyOf": [bits.take(), {"type": "string", "pattern": "^[0-9]+$"}]});
                }
            }
            fields.values_mut().for_each(relax);
        }
        _ => {}
    }
}

fn is_integer(schema: &Value) -> bool {
    match &schema["type"] {
        Value::String(name) => name == "integer",
        Value::Array(names) => names.iter().any(|name| name == "integer"),
        _ => false,
    }
}

/// The schema of a body's JSON form, or of its multipart form where it has no other.
pub(crate) fn of_content(body: &Value) -> Option<&Value> {
    let content = body.get("content")?;
    ["application/json", "multipart/form-data"].into_iter().find_map(|kind| content.get(kind)?.get("schema"))
}

/// Whether a body says nothing: none, an empty text or an empty object.
pub(crate) fn is_nothing(body: &Value) -> bool {
    body.is_null() || body == "" || body.as_object().is_some_and(serde_json::Map::is_empty)
}

/// Says what is wrong; of a union, only what is wrong with the member that was most likely meant.
fn explain(error: &ValidationError<'_>, mistakes: &mut Vec<(String, String)>) {
    let at = error.instance_path().as_str();
    let (ValidationErrorKind::AnyOf { context: members }
    | ValidationErrorKind::OneOfNotValid { context: members }) = error.kind()
    else {
        let mut what = error.to_string();
        if let Some((end, _)) = what.char_indices().nth(300) {
            what.truncate(end);
            what.push('…');
        }
        mistakes.push((at.to_owned(), what));
        return;
    };
    match members.iter().min_by_key(|member| distance(at, member)) {
        Some(meant) => meant.iter().for_each(|error| explain(error, mistakes)),
        None => mistakes.push((at.to_owned(), error.to_string())),
    }
}

/// How far a value is from a member of a union: far if it is of another JSON type, less so if its field
/// `type` names another thing; then, the deeper the first mistake, the nearer.
fn distance(at: &str, mistakes: &[ValidationError<'_>]) -> (usize, usize) {
    let kind = mistakes
        .iter()
        .map(|mistake| match mistake.instance_path().as_str().strip_prefix(at) {
            Some("") if matches!(mistake.kind(), ValidationErrorKind::Type { .. }) => 2,
            Some("/type") => 1,
            _ => 0,
        })
        .max();
    let depth = mistakes.iter().map(|mistake| mistake.instance_path().as_str().len()).max();
    (kind.unwrap_or_default(), usize::MAX - depth.unwrap_or_default())
}
