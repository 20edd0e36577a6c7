//! The modes in which Kuma sends a webhook: JSON, a form, a text that its user composed, or a query
//! (`server/notification-providers/webhook.js`). Invariant: the content decides which it is, because a
//! composed text comes under the type of a form whatever it holds.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{FutureExt, stream};
use multer::Multipart;
use serde::de::DeserializeOwned;

use super::Webhook;
use crate::intake::{hooks::Request, json};

/// What is expected.
pub(super) const WHAT: &str = "an Uptime Kuma webhook ('heartbeat', 'monitor' and 'msg')";

/// How to make Kuma send it.
const REMEDY: &str =
    "in Kuma, choose for the request body 'Preset - application/json', or compose JSON with these keys";

/// Reads a webhook in whichever mode it comes.
pub(super) fn webhook(request: &Request<'_>) -> Result<Webhook, String> {
    if let Some(query) = request.query {
        return pairs(query.as_bytes())?
            .ok_or_else(|| format!("expected {WHAT} in the query, but it has none of them"));
    }
    let body = request.body.trim_ascii_start();
    match body.first() {
        Some(b'{' | b'[' | b'"') => read(body),
        Some(b'-') => read(&field(body).ok_or("expected a form with the field 'data', but it has none")?),
        _ => pairs(body)?
            .ok_or_else(|| format!("expected {WHAT} as JSON or as a form, but it is neither: {REMEDY}")),
    }
}

fn read(body: &[u8]) -> Result<Webhook, String> {
    json::read(WHAT, body).map_err(|error| format!("{error}: {REMEDY}"))
}

/// The field `data` of a form as of RFC 7578. Its first line is the boundary.
fn field(body: &[u8]) -> Option<Vec<u8>> {
    let boundary = body.split(|byte| *byte == b'\n').next()?.trim_ascii_end().strip_prefix(b"--")?;
    let whole = stream::iter([Ok::<_, Infallible>(Bytes::copy_from_slice(body))]);
    let mut form = Multipart::new(whole, str::from_utf8(boundary).ok()?);
    let data = async {
        while let Some(field) = form.next_field().await.ok()? {
            if field.name() == Some("data") {
                return field.bytes().await.ok();
            }
        }
        None
    };
    // All of it is there, so there is nothing to wait for.
    data.now_or_never().flatten().map(Into::into)
}

/// Reads pairs in the encoding of URLs: the field `data` of a form, or each part of the webhook under its
/// own name. `None` if it has nothing of this.
fn pairs(text: &[u8]) -> Result<Option<Webhook>, String> {
    let find = |wanted: &str| {
        url::form_urlencoded::parse(text).find(|(name, _)| name == wanted).map(|(_, value)| value)
    };
    if let Some(data) = find("data") {
        return read(data.as_bytes()).map(Some);
    }
    let (heartbeat, monitor, msg) = (find("heartbeat"), find("monitor"), find("msg"));
    if heartbeat.is_none() && monitor.is_none() && msg.is_none() {
        return Ok(None);
    }
    let (heartbeat, monitor) =
        (part("heartbeat", heartbeat.as_deref())?, part("monitor", monitor.as_deref())?);
    Ok(Some(Webhook { heartbeat, monitor, msg: msg.map(Into::into) }))
}

/// A part of the webhook as JSON; one that is empty or `null` is none.
fn part<T: DeserializeOwned>(name: &str, text: Option<&str>) -> Result<Option<T>, String> {
    match text.map(str::trim) {
        None | Some("" | "null") => Ok(None),
        Some(text) => {
            json::read(&format!("the '{name}' of an Uptime Kuma webhook"), text.as_bytes()).map(Some)
        }
    }
}
