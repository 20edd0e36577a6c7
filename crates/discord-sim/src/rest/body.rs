//! Request bodies: JSON, or multipart with `payload_json` and `files[n]` (docs, "Uploading Files").
//! Invariant: a handler sees one call of both.

use std::convert::Infallible;

use axum::{body::Body, extract::FromRequestParts, http::request::Parts};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use multer::Multipart;
use serde_json::{Value, json};

use crate::{
    error::{ApiError, Mistakes},
    world::Upload,
};

/// The largest request (docs, "Uploading Files").
const REQUEST_BYTES: usize = 25 << 20;
/// The largest file (docs change log, 2025-01: 10 MiB).
pub(crate) const FILE_BYTES: usize = 10 << 20;

/// What a request brought.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    /// The JSON body, or `payload_json`; `null` without one.
    pub(crate) body: Value,
    pub(crate) files: Vec<Upload>,
    /// The bot's token, if it was sent.
    pub(crate) token: Option<String>,
}

impl Call {
    /// As it stands in the log: the JSON, and what files came with it.
    pub(super) fn shown(&self) -> Value {
        let mut shown = self.body.clone();
        if !self.files.is_empty() {
            let files = self.files.iter().map(|f| {
                json!({
                    "name": format!("files[{}]", f.index), "filename": f.filename,
                    "content_type": f.content_type, "size": f.bytes.len(),
                })
            });
            let files: Vec<Value> = files.collect();
            match &mut shown {
                Value::Object(map) => drop(map.insert("files".into(), json!(files))),
                _ => shown = json!({"files": files}),
            }
        }
        shown
    }
}

impl<S: Sync> FromRequestParts<S> for Call {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.remove().unwrap_or_default())
    }
}

/// Reads a body whole.
pub(super) async fn read(body: Body, content_type: &str, token: Option<String>) -> Result<Call, ApiError> {
    let bytes = match Limited::new(body, REQUEST_BYTES).collect().await {
        Ok(whole) => whole.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(ApiError::payload_too_large()),
        Err(_) => return Err(ApiError::invalid_json()),
    };
    if bytes.is_empty() {
        return Ok(Call { token, ..Call::default() });
    }
    if let Ok(boundary) = multer::parse_boundary(content_type) {
        let (body, files) = parts(bytes, boundary).await?;
        return Ok(Call { body, files, token });
    }
    let body = serde_json::from_slice(&bytes).map_err(|_| ApiError::invalid_json())?;
    Ok(Call { body, files: Vec::new(), token })
}

async fn parts(bytes: Bytes, boundary: String) -> Result<(Value, Vec<Upload>), ApiError> {
    let mut multipart = Multipart::new(stream::iter([Ok::<_, Infallible>(bytes)]), boundary);
    let (mut body, mut files, mut fields) = (None, Vec::new(), serde_json::Map::new());
    while let Some(part) = multipart.next_field().await.map_err(|_| broken())? {
        let name = part.name().unwrap_or_default().to_owned();
        let filename = part.file_name().map(str::to_owned);
        let content_type = part.content_type().map(ToString::to_string);
        let bytes = part.bytes().await.map_err(|_| broken())?;
        match filename {
            Some(filename) => {
                let index = name.strip_prefix("files[").and_then(|n| n.strip_suffix(']')?.parse().ok());
                let index = index.unwrap_or(files.len() as u64);
                let content_type = content_type.unwrap_or_else(|| guessed(&filename).to_owned());
                files.push(Upload { index, filename, content_type, bytes });
            }
            None if name == "payload_json" => {
                body = Some(serde_json::from_slice(&bytes).map_err(|_| ApiError::invalid_json())?);
            }
            None => drop(fields.insert(name, json!(String::from_utf8_lossy(&bytes)))),
        }
    }
    if files.iter().any(|file| file.bytes.len() > FILE_BYTES) {
        return Err(ApiError::payload_too_large());
    }
    Ok((body.unwrap_or(Value::Object(fields)), files))
}

fn broken() -> ApiError {
    Mistakes::one(&[], "CONTENT_TYPE_INVALID", "Expected a multipart/form-data body")
}

/// A content type by the file's ending, for a part that names none.
fn guessed(filename: &str) -> &'static str {
    match filename.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "txt" | "log" | "diff" | "patch" => "text/plain; charset=utf-8",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}
