//! What Discord answers when it refuses. Invariant: each error has Discord's own status, code and words
//! (docs, "Opcodes and Status Codes: JSON Error Codes"); 50035 names the path of every mistake.

use std::borrow::Cow;

use axum::{
    Json,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

/// A refusal in Discord's shape.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{status}: {message} (code {code})")]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: u32,
    pub(crate) message: Cow<'static, str>,
    /// The nested paths of 50035.
    pub(crate) errors: Option<Value>,
    /// `retry_after` (seconds), `global`, `channel_id`: what some errors add to the body.
    pub(crate) extra: Map<String, Value>,
    pub(crate) headers: Box<HeaderMap>,
    /// A 429 has no `code`, unless a fault gave it one.
    pub(crate) code_shown: bool,
}

/// Named refusals: `(status, code, message)`.
macro_rules! refusals {
    ($($name:ident = $status:ident, $code:literal, $message:literal;)*) => {
        impl ApiError {
            $(pub(crate) fn $name() -> Self { Self::new(StatusCode::$status, $code, $message) })*
        }
    };
}

refusals! {
    unauthorized = UNAUTHORIZED, 0, "401: Unauthorized";
    not_found = NOT_FOUND, 0, "404: Not Found";
    method_not_allowed = METHOD_NOT_ALLOWED, 0, "405: Method Not Allowed";
    payload_too_large = PAYLOAD_TOO_LARGE, 40005, "Request entity too large";
    invalid_json = BAD_REQUEST, 50109, "The request body contains invalid JSON.";
    unknown_application = NOT_FOUND, 10002, "Unknown Application";
    unknown_channel = NOT_FOUND, 10003, "Unknown Channel";
    unknown_guild = NOT_FOUND, 10004, "Unknown Guild";
    unknown_member = NOT_FOUND, 10007, "Unknown Member";
    unknown_message = NOT_FOUND, 10008, "Unknown Message";
    unknown_overwrite = NOT_FOUND, 10009, "Unknown permission overwrite";
    unknown_role = NOT_FOUND, 10011, "Unknown Role";
    unknown_user = NOT_FOUND, 10013, "Unknown User";
    unknown_webhook = NOT_FOUND, 10015, "Unknown Webhook";
    unknown_interaction = NOT_FOUND, 10062, "Unknown interaction";
    unknown_command = NOT_FOUND, 10063, "Unknown application command";
    already_acknowledged = BAD_REQUEST, 40060, "Interaction has already been acknowledged.";
    missing_user_agent = FORBIDDEN, 40333, "internal network error";
    missing_access = FORBIDDEN, 50001, "Missing Access";
    edit_of_another = FORBIDDEN, 50005, "Cannot edit a message authored by another user";
    empty_message = BAD_REQUEST, 50006, "Cannot send an empty message";
    wrong_channel_type = BAD_REQUEST, 50024, "Cannot execute action on this channel type";
    missing_permissions = FORBIDDEN, 50013, "Missing Permissions";
    invalid_webhook_token = UNAUTHORIZED, 50027, "Invalid Webhook Token";
    thread_archived = BAD_REQUEST, 50083, "Thread is archived";
    thread_exists = BAD_REQUEST, 160_004, "A thread has already been created for this message";
    too_many_webhooks = BAD_REQUEST, 30007, "Maximum number of webhooks reached (15)";
}

impl ApiError {
    /// A refusal with these three.
    pub(crate) fn new(status: StatusCode, code: u32, message: impl Into<Cow<'static, str>>) -> Self {
        let (errors, extra, headers) = (None, Map::new(), Box::default());
        Self { status, code, message: message.into(), errors, extra, headers, code_shown: true }
    }

    /// The refusal with this code, as Discord words it; other codes get their status's words.
    pub(crate) fn of_code(status: StatusCode, code: u32) -> Self {
        let words = match code {
            10_003 => "Unknown Channel",
            10_004 => "Unknown Guild",
            10_008 => "Unknown Message",
            10_015 => "Unknown Webhook",
            10_062 => "Unknown interaction",
            20_028 => "The channel you are writing has hit the write rate limit",
            20_029 => "The server you are writing to has hit the write rate limit",
            30_046 => "Maximum number of edits to messages older than 1 hour reached. Try again later",
            40_060 => "Interaction has already been acknowledged.",
            50_001 => "Missing Access",
            50_006 => "Cannot send an empty message",
            50_013 => "Missing Permissions",
            50_027 => "Invalid Webhook Token",
            50_035 => "Invalid Form Body",
            130_000 => "API resource is currently overloaded. Try again a little later",
            160_004 => "A thread has already been created for this message",
            160_006 => "Maximum number of active threads reached",
            _ => {
                let reason = status.canonical_reason().unwrap_or("Unknown");
                return Self::new(status, code, format!("{}: {reason}", status.as_u16()));
            }
        };
        Self::new(status, code, words)
    }

    /// The body as Discord sends it.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({"message": self.message});
        if self.code_shown {
            body["code"] = json!(self.code);
        }
        if let Some(errors) = &self.errors {
            body["errors"] = errors.clone();
        }
        for (key, value) in &self.extra {
            body[key] = value.clone();
        }
        body
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = Json(self.body());
        (self.status, *self.headers, body).into_response()
    }
}

/// Collects the mistakes of one body; all of them are told at once, as Discord does.
#[derive(Debug, Default)]
pub(crate) struct Mistakes(Map<String, Value>);

impl Mistakes {
    /// Notes one mistake at `path` (keys and list indices, outermost first).
    pub(crate) fn add(&mut self, path: &[&str], code: &str, message: impl Into<String>) {
        let mut node = &mut self.0;
        for key in path {
            let next = node.entry(*key).or_insert_with(|| Value::Object(Map::new()));
            if !next.is_object() {
                *next = Value::Object(Map::new());
            }
            match next {
                Value::Object(map) => node = map,
                _ => return,
            }
        }
        let list = node.entry("_errors").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            list.push(json!({"code": code, "message": message.into()}));
        }
    }

    /// 50035 with one mistake.
    pub(crate) fn one(path: &[&str], code: &str, message: impl Into<String>) -> ApiError {
        let mut mistakes = Self::default();
        mistakes.add(path, code, message);
        mistakes.into_error()
    }

    /// Whether `body` has `key`.
    pub(crate) fn required(&mut self, body: &Value, key: &str) {
        if body[key].is_null() {
            self.add(&[key], "BASE_TYPE_REQUIRED", "This field is required");
        }
    }

    /// Text at `path` (its last part is the key in `holder`), trimmed, in UTF-16 units; absent is right.
    pub(crate) fn text(&mut self, holder: &Value, path: &[&str], min: usize, max: usize) {
        let Some(key) = path.last() else { return };
        match &holder[*key] {
            Value::Null => {}
            Value::String(text) => {
                let length = text.trim().encode_utf16().count();
                if length > max && min == 0 {
                    self.add(path, "BASE_TYPE_MAX_LENGTH", format!("Must be {max} or fewer in length."));
                } else if length > max || length < min {
                    self.add(
                        path,
                        "BASE_TYPE_BAD_LENGTH",
                        format!("Must be between {min} and {max} in length."),
                    );
                }
            }
            _ => self.add(path, "STRING_TYPE_CONVERT", "Could not interpret value as string."),
        }
    }

    /// How many items a list has.
    pub(crate) fn items(&mut self, path: &[&str], count: usize, min: usize, max: usize) {
        if count > max && min == 0 {
            self.add(path, "BASE_TYPE_MAX_LENGTH", format!("Must be {max} or fewer in length."));
        } else if count > max || count < min {
            self.add(path, "BASE_TYPE_BAD_LENGTH", format!("Must be between {min} and {max} in length."));
        }
    }

    /// A number in its range.
    pub(crate) fn range(&mut self, path: &[&str], value: u64, min: u64, max: u64) {
        if value < min {
            let text = format!("int value should be greater than or equal to {min}.");
            self.add(path, "NUMBER_TYPE_MIN", text);
        } else if value > max {
            self.add(path, "NUMBER_TYPE_MAX", format!("int value should be less than or equal to {max}."));
        }
    }

    /// `auto_archive_duration`, in minutes.
    pub(crate) fn archive_duration(&mut self, body: &Value) {
        let value = &body["auto_archive_duration"];
        if !value.is_null() && !matches!(value.as_u64(), Some(60 | 1440 | 4320 | 10_080)) {
            let text = "Value must be one of (60, 1440, 4320, 10080).";
            self.add(&["auto_archive_duration"], "BASE_TYPE_CHOICES", text);
        }
    }

    fn into_error(self) -> ApiError {
        let mut error = ApiError::new(StatusCode::BAD_REQUEST, 50035, "Invalid Form Body");
        error.errors = Some(Value::Object(self.0));
        error
    }

    /// 50035 with everything noted, if anything was.
    pub(crate) fn into_result(self) -> Result<(), ApiError> {
        if self.0.is_empty() { Ok(()) } else { Err(self.into_error()) }
    }
}
