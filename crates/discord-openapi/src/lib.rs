//! Holds requests and answers against the description that Discord publishes of its HTTP API (OpenAPI
//! 3.1, `discord/discord-api-spec`). Test-only. Invariants: what the description does not allow is
//! reported with where it is and what was expected; a path that is not described is itself reported,
//! unless it is known to lie outside the API; the description is read, never copied.

mod routes;
mod schema;

use std::{env, fmt, fs, path::PathBuf, sync::OnceLock};

use serde_json::Value;

use crate::{routes::Routes, schema::Schemas};

/// Discord's description of its HTTP API.
pub struct OpenApi {
    document: Value,
    routes: Routes,
    schemas: Schemas,
}

/// Which half of an exchange is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What the client sent.
    Request,
    /// What the server said.
    Answer,
}

/// One thing that the description does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The method and path, as the description writes it, or as it was called if that is not described.
    pub path: String,
    /// Which half of the exchange is wrong.
    pub side: Side,
    /// The status that the exchange was answered with, where that is known.
    pub status: Option<u16>,
    /// Where in the body, or in the log, as a JSON pointer.
    pub at: String,
    /// What was expected and what came.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.side {
            Side::Request => "request",
            Side::Answer => "answer",
        };
        let Self { path, at, what, .. } = self;
        match self.status {
            Some(status) => write!(f, "{path} {status} {side} '{at}': {what}"),
            None => write!(f, "{path} {side} '{at}': {what}"),
        }
    }
}

impl OpenApi {
    /// The description in `$VIGIE_SHARED/payloads/discord-openapi.json` (default: `../shared`, seen from
    /// the workspace), read once a process. `None`, with a line on stderr that names the skip, where there
    /// is no such file.
    ///
    /// # Panics
    /// If the file is there but is not an OpenAPI document.
    pub fn load() -> Option<&'static Self> {
        static LOADED: OnceLock<Option<OpenApi>> = OnceLock::new();
        let loaded = LOADED.get_or_init(|| {
            let shared = env::var_os("VIGIE_SHARED").map_or_else(
                || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
                PathBuf::from,
            );
            let text = fs::read(shared.join("payloads/discord-openapi.json")).ok()?;
            #[expect(clippy::expect_used, reason = "a test-only crate: a broken file must fail the test")]
            Some(Self::parse(&text).expect("discord-openapi.json is an OpenAPI document"))
        });
        if loaded.is_none() {
            eprintln!("skipped: discord-openapi: no payloads/discord-openapi.json below $VIGIE_SHARED");
        }
        loaded.as_ref()
    }

    /// Reads a description.
    ///
    /// # Errors
    /// If `text` is not a JSON object with `paths` and `components`.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let mut document = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        schema::prepare(&mut document);
        let routes = Routes::of(&document).ok_or("the document has no object 'paths'")?;
        let schemas = Schemas::of(&document)?;
        Ok(Self { document, routes, schemas })
    }

    /// What is wrong with the JSON body of a request; `Null` stands for none. A multipart request is held
    /// by its `payload_json`. `path` may carry `/api`, `/api/v10` and a query.
    pub fn check_request(&self, method: &str, path: &str, body: &Value) -> Vec<Violation> {
        self.hold(method, path, (Side::Request, None), |name, operation| {
            let Some(described) = operation.get("requestBody") else {
                return if schema::is_nothing(body) {
                    Vec::new()
                } else {
                    whole("a body came, but this operation takes none")
                };
            };
            if body.is_null() {
                return if described["required"] == true {
                    whole("a body was expected, but none came")
                } else {
                    Vec::new()
                };
            }
            let Some(schema) = schema::of_content(described) else { return Vec::new() };
            self.schemas.check(&format!("{name} request"), schema, body)
        })
    }

    /// What is wrong with an answer; `Null` stands for no body. Statuses from 500 on are not described, so
    /// nothing is wrong with them.
    pub fn check_answer(&self, method: &str, path: &str, status: u16, body: &Value) -> Vec<Violation> {
        self.hold(method, path, (Side::Answer, Some(status)), |name, operation| {
            if status >= 500 {
                return Vec::new();
            }
            let responses = &operation["responses"];
            let range = format!("{}XX", status / 100);
            let Some(response) = [status.to_string().as_str(), &range, "default"]
                .into_iter()
                .find_map(|status| responses.get(status))
                .map(|response| self.resolve(response))
            else {
                let known: Vec<_> =
                    responses.as_object().into_iter().flatten().map(|(status, _)| status.as_str()).collect();
                return whole(&format!("status {status} is not described; these are: {}", known.join(", ")));
            };
            let Some(schema) = schema::of_content(response) else {
                return if schema::is_nothing(body) {
                    Vec::new()
                } else {
                    whole("a body came, but this answer has none")
                };
            };
            self.schemas.check(&format!("{name} {status}"), schema, body)
        })
    }

    /// What is wrong with the body of a message that is to be created in a channel.
    pub fn check_message_create(&self, body: &Value) -> Vec<Violation> {
        self.check_request("POST", "/channels/1/messages", body)
    }

    /// What is wrong with the exchanges of a `/_sim/log`: an array of `{"method", "path", "status",
    /// "request", "answer", …}`. Refused requests are held to the description too: whoever sends wrong ones on
    /// purpose filters by [`Violation::status`] and [`Violation::side`]. An exchange without a status was
    /// never answered.
    pub fn check_log(&self, log: &Value) -> Vec<Violation> {
        let Some(entries) = log.as_array() else {
            return vec![Violation {
                path: "GET /_sim/log".to_owned(),
                side: Side::Answer,
                status: None,
                at: String::new(),
                what: "expected an array of exchanges".to_owned(),
            }];
        };
        entries.iter().enumerate().flat_map(|(number, entry)| self.check_exchange(number, entry)).collect()
    }

    fn check_exchange(&self, number: usize, entry: &Value) -> Vec<Violation> {
        let (Some(method), Some(path)) = (entry["method"].as_str(), entry["path"].as_str()) else {
            return vec![Violation {
                path: "GET /_sim/log".to_owned(),
                side: Side::Answer,
                status: None,
                at: format!("/{number}"),
                what: "expected 'method' and 'path' as strings".to_owned(),
            }];
        };
        let status = entry["status"].as_u64().and_then(|status| u16::try_from(status).ok());
        let mut violations = self.check_request(method, path, &entry["request"]);
        let described = !matches!(self.operation(method, path), Err(_) | Ok(None));
        if let (true, Some(status)) = (described, status) {
            violations.extend(self.check_answer(method, path, status, &entry["answer"]));
        }
        for violation in &mut violations {
            let side = match violation.side {
                Side::Request => "request",
                Side::Answer => "answer",
            };
            violation.at = format!("/{number}/{side}{}", violation.at);
            violation.status = status;
        }
        violations
    }

    /// Holds one side of an exchange by `check`, which gets the operation's name and description, and says
    /// where what is wrong.
    fn hold(
        &self,
        method: &str,
        path: &str,
        (side, status): (Side, Option<u16>),
        check: impl FnOnce(&str, &Value) -> Vec<(String, String)>,
    ) -> Vec<Violation> {
        let (name, operation) = match self.operation(method, path) {
            Ok(Some(found)) => found,
            Ok(None) => return Vec::new(),
            Err(violation) => return vec![violation],
        };
        let violation = |(at, what)| Violation { path: name.clone(), side, status, at, what };
        check(&name, operation).into_iter().map(violation).collect()
    }

    /// The operation's name and description. `None`: the path lies outside the described API on purpose.
    fn operation(&self, method: &str, path: &str) -> Result<Option<(String, &Value)>, Violation> {
        if routes::is_outside(path) {
            return Ok(None);
        }
        let unknown = |what: &str| Violation {
            path: format!("{method} {path}"),
            side: Side::Request,
            status: None,
            at: String::new(),
            what: what.to_owned(),
        };
        let template = self.routes.find(path).ok_or_else(|| unknown("this path is not described"))?;
        let operation = self.document["paths"][template]
            .get(method.to_ascii_lowercase())
            .ok_or_else(|| unknown("this method is not described for this path"))?;
        Ok(Some((format!("{method} {template}"), operation)))
    }

    /// Follows a reference to a shared response.
    fn resolve<'a>(&'a self, response: &'a Value) -> &'a Value {
        let pointer = response["$ref"].as_str().and_then(|reference| reference.split_once('#'));
        pointer.and_then(|(_, pointer)| self.document.pointer(pointer)).unwrap_or(response)
    }
}

/// A mistake of the whole body.
fn whole(what: &str) -> Vec<(String, String)> {
    vec![(String::new(), what.to_owned())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_of_the_description_compiles() {
        let Some(api) = OpenApi::load() else { return };
        for (path, operations) in api.document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let answers = operation["responses"].as_object().into_iter().flatten();
                let answers = answers.map(|(status, answer)| (status.as_str(), api.resolve(answer)));
                for (what, body) in answers.chain([("request", &operation["requestBody"])]) {
                    let Some(schema) = schema::of_content(body) else { continue };
                    let mistakes =
                        api.schemas.check(&format!("{method} {path} {what}"), schema, &Value::Null);
                    assert!(
                        !format!("{mistakes:?}").contains("does not compile"),
                        "{method} {path}: {mistakes:?}"
                    );
                }
            }
        }
    }
}
