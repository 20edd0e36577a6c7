//! What goes over the socket (docs, "Opcodes and Status Codes: Gateway"). Invariant: a frame from a client is
//! either a [`Request`] or a close code; no frame is ignored.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::intents::Intents;

/// The longest frame that Discord takes from a client, in bytes (docs, "Gateway: Sending Events").
const MAX_BYTES: usize = 4096;

/// Why the server closes a connection (docs, "Gateway Close Event Codes").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Close {
    UnknownError = 4000,
    UnknownOpcode = 4001,
    Decode = 4002,
    NotAuthenticated = 4003,
    AuthenticationFailed = 4004,
    AlreadyAuthenticated = 4005,
    InvalidSeq = 4007,
    RateLimited = 4008,
    SessionTimedOut = 4009,
    InvalidShard = 4010,
    ShardingRequired = 4011,
    InvalidVersion = 4012,
    InvalidIntents = 4013,
    DisallowedIntents = 4014,
}

impl Close {
    /// The reason that goes with the code.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::UnknownError => "Unknown error.",
            Self::UnknownOpcode => "Unknown opcode.",
            Self::Decode => "Error while decoding payload.",
            Self::NotAuthenticated => "Not authenticated.",
            Self::AuthenticationFailed => "Authentication failed.",
            Self::AlreadyAuthenticated => "Already authenticated.",
            Self::InvalidSeq => "Invalid seq.",
            Self::RateLimited => "Rate limited.",
            Self::SessionTimedOut => "Session timed out.",
            Self::InvalidShard => "Invalid shard.",
            Self::ShardingRequired => "Sharding required.",
            Self::InvalidVersion => "Invalid API version.",
            Self::InvalidIntents => "Invalid intent(s).",
            Self::DisallowedIntents => "Disallowed intent(s).",
        }
    }
}

/// What a client asks for.
#[derive(Debug)]
pub(crate) enum Request {
    Heartbeat,
    Identify(Identify),
    /// Presence, voice state, soundboard: taken, without effect here.
    Ignored,
    Resume(Resume),
    Members(Members),
}

/// op 2, as far as it matters here.
#[derive(Debug)]
pub(crate) struct Identify {
    /// Without the `Bot ` that some libraries leave on.
    pub(crate) token: String,
    pub(crate) intents: Intents,
    pub(crate) compress: Compress,
    pub(crate) shard: Shard,
}

/// Whether IDENTIFY asked for compressed payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compress {
    No,
    Yes,
}

/// `[index, count]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard(pub(crate) u64, pub(crate) u64);

impl Shard {
    /// Whether it carries the guild: `shard_id = (guild_id >> 22) % num_shards`; what has no guild goes to shard 0 (docs,
    /// "Gateway: Sharding").
    pub(crate) fn carries(self, guild: Option<crate::Id>) -> bool {
        guild.map_or(0, |id| (id.0 >> 22) % self.1) == self.0
    }
}

/// op 6.
#[derive(Debug, Deserialize)]
pub(crate) struct Resume {
    pub(crate) token: String,
    pub(crate) session_id: String,
    pub(crate) seq: u64,
}

/// op 8.
#[derive(Debug, Deserialize)]
pub(crate) struct Members {
    pub(crate) guild_id: crate::Id,
    #[serde(default)]
    pub(crate) query: Option<String>,
    #[serde(default)]
    pub(crate) limit: usize,
    #[serde(default)]
    pub(crate) user_ids: Option<Value>,
    #[serde(default)]
    pub(crate) nonce: Option<String>,
}

#[derive(Deserialize)]
struct Frame {
    op: u64,
    #[serde(default)]
    d: Value,
}

#[derive(Deserialize)]
struct RawIdentify {
    token: String,
    intents: u64,
    #[serde(default)]
    compress: Option<bool>,
    #[serde(default)]
    shard: Option<[u64; 2]>,
    /// Required by Discord; its content is free.
    #[serde(rename = "properties")]
    _properties: serde_json::Map<String, Value>,
}

/// Reads one frame.
pub(crate) fn read(frame: &[u8]) -> Result<Request, Close> {
    if frame.len() > MAX_BYTES {
        return Err(Close::Decode);
    }
    let Frame { op, d } = serde_json::from_slice(frame).map_err(|_| Close::Decode)?;
    match op {
        1 => Ok(Request::Heartbeat),
        2 => identify(d).map(Request::Identify),
        3 | 4 | 31 => Ok(Request::Ignored),
        6 => serde_json::from_value(d).map(Request::Resume).map_err(|_| Close::Decode),
        8 => serde_json::from_value(d).map(Request::Members).map_err(|_| Close::Decode),
        _ => Err(Close::UnknownOpcode),
    }
}

fn identify(data: Value) -> Result<Identify, Close> {
    let raw: RawIdentify = serde_json::from_value(data).map_err(|_| Close::Decode)?;
    let token = bare(&raw.token).to_owned();
    if token.is_empty() {
        return Err(Close::AuthenticationFailed);
    }
    let [index, count] = raw.shard.unwrap_or([0, 1]);
    if index >= count {
        return Err(Close::InvalidShard);
    }
    Ok(Identify {
        token,
        intents: Intents::new(raw.intents).ok_or(Close::InvalidIntents)?,
        compress: if raw.compress == Some(true) { Compress::Yes } else { Compress::No },
        shard: Shard(index, count),
    })
}

/// The token itself: both `X` and `Bot X` are taken.
pub(crate) fn bare(token: &str) -> &str {
    token.strip_prefix("Bot ").unwrap_or(token).trim()
}

/// op 10.
pub(crate) fn hello(interval: Duration) -> String {
    let ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
    json!({"op": 10, "d": {"heartbeat_interval": ms, "_trace": []}, "s": null, "t": null}).to_string()
}

/// op 11.
pub(crate) fn ack() -> String {
    json!({"op": 11, "d": null, "s": null, "t": null}).to_string()
}

/// op 1: the server asks for a heartbeat.
pub(crate) fn beat() -> String {
    json!({"op": 1, "d": null, "s": null, "t": null}).to_string()
}

/// op 7.
pub(crate) fn reconnect() -> String {
    json!({"op": 7, "d": null, "s": null, "t": null}).to_string()
}

/// Whether an invalidated session may still be resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resumable {
    No,
    Yes,
}

/// op 9.
pub(crate) fn invalid_session(resumable: Resumable) -> String {
    json!({"op": 9, "d": resumable == Resumable::Yes, "s": null, "t": null}).to_string()
}

/// op 0.
pub(crate) fn dispatch(seq: u64, event: &str, data: &Value) -> String {
    json!({"op": 0, "s": seq, "t": event, "d": data}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(frame: &str) -> Option<Close> {
        read(frame.as_bytes()).err()
    }

    #[test]
    fn each_wrong_frame_has_its_close_code() {
        let identify = |token: &str, intents: u64, shard: &str| {
            refusal(&format!(
                r#"{{"op":2,"d":{{"token":"{token}","intents":{intents},"properties":{{}},"shard":{shard}}}}}"#
            ))
        };
        assert_eq!(refusal("{"), Some(Close::Decode));
        assert_eq!(refusal(r#"{"d":1}"#), Some(Close::Decode));
        assert_eq!(refusal(&format!(r#"{{"op":1,"d":"{}"}}"#, "x".repeat(4096))), Some(Close::Decode));
        assert_eq!(refusal(r#"{"op":99}"#), Some(Close::UnknownOpcode));
        assert_eq!(identify("Bot ", 0, "null"), Some(Close::AuthenticationFailed));
        assert_eq!(identify("x", 1 << 40, "null"), Some(Close::InvalidIntents));
        assert_eq!(identify("x", 0, "[1,1]"), Some(Close::InvalidShard));
        assert_eq!(identify("x", 0, "[0,1]"), None);
    }

    #[test]
    fn serenitys_presence_with_a_system_time_is_taken() {
        let frame = r#"{"op":2,"d":{"token":"Bot x","intents":0,"compress":true,"shard":[0,1],
            "properties":{"os":"linux","browser":"serenity","device":"serenity"},"presence":{"afk":false,
            "status":"online","since":{"secs_since_epoch":1,"nanos_since_epoch":2},"activities":[]}}}"#;
        let Ok(Request::Identify(identify)) = read(frame.as_bytes()) else { panic!("not an IDENTIFY") };
        assert_eq!((identify.token.as_str(), identify.compress), ("x", Compress::Yes));
    }
}
