//! Alertmanager's API, version 2 (`api/v2/openapi.yaml`, 0.25 to 0.34).

mod silences;

pub use self::silences::{Draft, Found, Silences};
