//! The body of a webhook. Invariants: no more than [`LIMIT`] bytes of one are kept, and reading one takes
//! at most [`TIME`]; of a larger one a while is read on and thrown away, because a sender that is still
//! writing when the connection closes never sees the answer.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::{HeaderMap, body::Body as _, header};
use thiserror::Error;

use crate::clock::Clock;

/// The largest body that is taken, in bytes.
pub const LIMIT: usize = 1024 * 1024;

/// How long a body may take to come.
pub const TIME: Duration = Duration::from_secs(15);

const READ_ON_BYTES: usize = 16 * LIMIT;
const READ_ON_TIME: Duration = Duration::from_secs(5);

/// Why there is no body.
#[derive(Debug, Error)]
pub enum BodyError {
    /// It is too large.
    #[error("expected a body of at most {LIMIT} bytes, but this one is larger")]
    TooLarge,
    /// It did not come in time.
    #[error("expected the whole body within {} s, but it did not come", TIME.as_secs())]
    Slow,
    /// It stops in the middle, or is not sent as HTTP says.
    #[error("expected the whole body, but it broke off: {0}")]
    BrokenOff(axum::Error),
}

/// The whole body.
pub async fn read(headers: &HeaderMap, mut body: Body, clock: &Clock) -> Result<Vec<u8>, BodyError> {
    let announced = body.size_hint().lower();
    if announced > LIMIT as u64 && headers.contains_key(header::EXPECT) {
        // This sender waits for leave to send (RFC 9110, section 10.1.1) and sees the answer instead.
        return Err(BodyError::TooLarge);
    }
    match clock.timeout(TIME, collect(&mut body)).await {
        None => Err(BodyError::Slow),
        Some(Err(BodyError::TooLarge)) => {
            // Whether all of it came or not, the answer is the same.
            let _ = clock.timeout(READ_ON_TIME, read_on(&mut body)).await;
            Err(BodyError::TooLarge)
        }
        Some(read) => read,
    }
}

async fn collect(body: &mut Body) -> Result<Vec<u8>, BodyError> {
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(BodyError::BrokenOff)?.into_data() else { continue };
        if whole.len() + data.len() > LIMIT {
            return Err(BodyError::TooLarge);
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole)
}

async fn read_on(body: &mut Body) {
    let mut left = READ_ON_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let read = frame.into_data().map_or(0, |data| data.len());
        let Some(rest) = left.checked_sub(read) else { return };
        left = rest;
    }
}
