//! The gateway at the wire: what any client sees of it.

use std::time::Duration;

use discord_sim::Options;
use flate2::{Decompress, FlushDecompress};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use crate::support::{Discord, PATIENCE};

const GUILDS_AND_MESSAGES: u64 = 1 | 1 << 9;

/// A client that does nothing by itself.
pub(crate) struct Peer {
    socket: WebSocketStream<TcpStream>,
    inflate: Option<Decompress>,
}

/// What a peer hears.
#[derive(Debug, PartialEq)]
enum Heard {
    Frame(Value),
    Closed(Option<u16>),
}

impl Peer {
    pub(crate) async fn connect(discord: &Discord, query: &str) -> Self {
        let stream = TcpStream::connect(discord.address).await.unwrap();
        let url = format!("ws://{}/gateway{query}", discord.address);
        let (socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
        let inflate = query.contains("zlib-stream").then(|| Decompress::new(true));
        Self { socket, inflate }
    }

    pub(crate) async fn send(&mut self, frame: Value) {
        self.socket.send(Message::Text(frame.to_string())).await.unwrap();
    }

    async fn hear(&mut self) -> Heard {
        let frame = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("a frame in time");
        match frame {
            Some(Ok(Message::Text(text))) => Heard::Frame(serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Binary(bytes))) => Heard::Frame(self.unpack(&bytes)),
            Some(Ok(Message::Close(frame))) => Heard::Closed(frame.map(|frame| frame.code.into())),
            other => panic!("expected a frame, found {other:?}"),
        }
    }

    fn unpack(&mut self, bytes: &[u8]) -> Value {
        let mut text = Vec::with_capacity(1 << 20);
        let mut own = Decompress::new(true);
        let inflate = self.inflate.as_mut().unwrap_or(&mut own);
        inflate.decompress_vec(bytes, &mut text, FlushDecompress::Sync).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    pub(crate) async fn frame(&mut self) -> Value {
        match self.hear().await {
            Heard::Frame(frame) => frame,
            Heard::Closed(code) => panic!("expected a frame, the connection was closed with {code:?}"),
        }
    }

    /// The next event of this name; those before it are passed over.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        loop {
            let frame = self.frame().await;
            if frame["t"] == name {
                return frame;
            }
        }
    }

    async fn event_op(&mut self, op: u64) -> Value {
        loop {
            let frame = self.frame().await;
            if frame["op"] == op {
                return frame;
            }
        }
    }

    async fn closed(&mut self) -> Option<u16> {
        loop {
            if let Heard::Closed(code) = self.hear().await {
                return code;
            }
        }
    }

    pub(crate) async fn identify(&mut self, extra: Value) -> Value {
        self.send(identify(&extra)).await;
        self.event("READY").await
    }
}

fn identify(extra: &Value) -> Value {
    let mut data = json!({"token": "Bot t", "intents": GUILDS_AND_MESSAGES, "properties": {}});
    for (key, value) in extra.as_object().unwrap() {
        data[key] = value.clone();
    }
    json!({"op": 2, "d": data})
}

fn resume(ready: &Value, seq: u64) -> Value {
    json!({"op": 6, "d": {"token": "t", "session_id": ready["d"]["session_id"], "seq": seq}})
}

#[tokio::test]
async fn a_session_begins_with_hello_ready_and_each_guild() {
    let discord = Discord::start().await;
    discord.guild(json!({"id": "1000", "channels": [{"id": "2000", "name": "forge"}]})).await;
    let mut peer = Peer::connect(&discord, "/?v=10&encoding=json").await;
    let hello = peer.frame().await;
    assert_eq!((&hello["op"], &hello["d"]["heartbeat_interval"]), (&json!(10), &json!(41250)));
    // discord.py beats before it identifies.
    peer.send(json!({"op": 1, "d": null})).await;
    assert_eq!(peer.frame().await["op"], 11);
    let ready = peer.identify(json!({})).await;
    assert_eq!((&ready["s"], &ready["d"]["v"]), (&json!(1), &json!(10)));
    assert_eq!(ready["d"]["guilds"], json!([{"id": "1000", "unavailable": true}]));
    assert_eq!(ready["d"]["resume_gateway_url"], format!("ws://{}/gateway", discord.address));
    let guild = peer.event("GUILD_CREATE").await;
    assert_eq!((&guild["s"], &guild["d"]["channels"][0]["id"]), (&json!(2), &json!("2000")));
    discord.guild(json!({"id": "1001"})).await;
    assert_eq!(peer.event("GUILD_CREATE").await["d"]["id"], "1001");
}

#[tokio::test]
async fn each_breach_of_protocol_has_its_close_code() {
    let discord = Discord::start().await;
    let breaches = [
        (json!({"op": 77}), 4001),
        (json!({"op": 1, "d": "x".repeat(5000)}), 4002),
        (json!({"op": 3, "d": {}}), 4003),
        (identify(&json!({"token": ""})), 4004),
        (identify(&json!({"shard": [3, 2]})), 4010),
        (identify(&json!({"intents": 1u64 << 50})), 4013),
    ];
    for (frame, code) in breaches {
        let mut peer = Peer::connect(&discord, "").await;
        peer.send(frame.clone()).await;
        assert_eq!(peer.closed().await, Some(code), "after {frame}");
    }
    assert_eq!(Peer::connect(&discord, "?v=6").await.closed().await, Some(4012));
    let mut twice = Peer::connect(&discord, "").await;
    twice.identify(json!({})).await;
    twice.send(identify(&json!({}))).await;
    assert_eq!(twice.closed().await, Some(4005));
    let mut hasty = Peer::connect(&discord, "").await;
    for _ in 0..121 {
        hasty.send(json!({"op": 1, "d": null})).await;
    }
    assert_eq!(hasty.closed().await, Some(4008));
}

#[tokio::test]
async fn what_the_application_was_not_granted_closes_the_session_that_asks_for_it() {
    const MEMBERS: u64 = 1 << 1;
    const CONTENT: u64 = 1 << 15;
    let discord = Discord::start().await;
    discord.guild(json!({"id": "1000"})).await;
    let refused = async |extra: Value| {
        let mut peer = Peer::connect(&discord, "").await;
        peer.send(identify(&extra)).await;
        peer.closed().await
    };
    let granted = discord.post("/_sim/application", json!({"privileged_intents": ["message_content"]})).await;
    assert_eq!(granted, json!({"privileged_intents": ["message_content"], "guilds_per_shard": 2500}));
    assert_eq!(refused(json!({"intents": MEMBERS | CONTENT})).await, Some(4014));
    let mut peer = Peer::connect(&discord, "").await;
    let ready = peer.identify(json!({"intents": CONTENT})).await;
    let told = discord.get("/api/v10/applications/@me").await["flags"].clone();
    assert_eq!((&ready["d"]["application"]["flags"], &told), (&json!(1 << 19), &json!(1 << 19)));

    discord.post("/_sim/application", json!({"guilds_per_shard": 1})).await;
    discord.guild(json!({"id": "1001"})).await;
    assert_eq!(refused(json!({"token": "other"})).await, Some(4011));
    // Ids below 2^22 are all of the first shard.
    let mut peer = Peer::connect(&discord, "").await;
    peer.identify(json!({"token": "other", "shard": [1, 2]})).await;

    discord.post("/_sim/reset", json!({})).await;
    let mut peer = Peer::connect(&discord, "").await;
    peer.identify(json!({"intents": MEMBERS | CONTENT})).await;
    let (status, _) =
        discord.request(reqwest::Method::POST, "/_sim/application", &json!({"intents": []})).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_lost_connection_is_resumed_without_a_gap() {
    let discord = Discord::start().await;
    discord.guild(json!({"id": "1000", "channels": [{"id": "2000", "name": "forge"}]})).await;
    let mut peer = Peer::connect(&discord, "").await;
    let ready = peer.identify(json!({})).await;
    peer.event("GUILD_CREATE").await;
    drop(peer);
    for n in 0..3 {
        discord.post_message("2000", json!({"content": format!("missed {n}")})).await;
    }
    let mut peer = Peer::connect(&discord, "").await;
    peer.frame().await;
    peer.send(resume(&ready, 2)).await;
    for n in 0..3 {
        let missed = peer.frame().await;
        assert_eq!((&missed["s"], &missed["d"]["content"]), (&json!(n + 3), &json!(format!("missed {n}"))));
    }
    let resumed = peer.frame().await;
    assert_eq!((&resumed["t"], &resumed["s"]), (&json!("RESUMED"), &json!(6)));
}

#[tokio::test]
async fn a_resume_that_can_not_be_is_refused() {
    let discord = Discord::start().await;
    let mut peer = Peer::connect(&discord, "").await;
    let ready = peer.identify(json!({})).await;
    let mut future = Peer::connect(&discord, "").await;
    future.send(resume(&ready, 99)).await;
    assert_eq!(future.closed().await, Some(4007));
    let mut unknown = Peer::connect(&discord, "").await;
    unknown.frame().await;
    unknown.send(resume(&json!({"d": {"session_id": "nobody"}}), 1)).await;
    let invalid = unknown.frame().await;
    assert_eq!((&invalid["op"], &invalid["d"]), (&json!(9), &json!(false)));
    // A client that closes with 1000 has ended its session.
    peer.socket.close(Some(close_frame(1000))).await.unwrap();
    peer.closed().await;
    let mut over = Peer::connect(&discord, "").await;
    over.frame().await;
    over.send(resume(&ready, 1)).await;
    assert_eq!(over.frame().await["op"], 9);
}

fn close_frame(code: u16) -> tokio_tungstenite::tungstenite::protocol::CloseFrame<'static> {
    tokio_tungstenite::tungstenite::protocol::CloseFrame { code: code.into(), reason: "".into() }
}

#[tokio::test]
async fn both_kinds_of_compression_carry_the_same_events() {
    let discord = Discord::start().await;
    discord.guild(json!({"id": "1000", "channels": [{"id": "2000", "name": "forge"}]})).await;
    for (token, query, compress) in [("a", "?compress=zlib-stream&v=10", false), ("b", "?v=10", true)] {
        let mut peer = Peer::connect(&discord, query).await;
        peer.identify(json!({"token": token, "compress": compress})).await;
        peer.event("GUILD_CREATE").await;
        discord.post_message("2000", json!({"content": "packed"})).await;
        assert_eq!(peer.event("MESSAGE_CREATE").await["d"]["content"], "packed");
    }
}

#[tokio::test]
async fn a_bot_identifies_once_in_five_seconds() {
    let discord = Discord::start().await;
    Peer::connect(&discord, "").await.identify(json!({})).await;
    let mut hasty = Peer::connect(&discord, "").await;
    hasty.frame().await;
    hasty.send(identify(&json!({}))).await;
    let invalid = hasty.frame().await;
    assert_eq!((&invalid["op"], &invalid["d"]), (&json!(9), &json!(false)));
    let limit = discord.get("/api/v10/gateway/bot").await["session_start_limit"].clone();
    assert_eq!((&limit["total"], &limit["remaining"]), (&json!(1000), &json!(999)));
    discord.advance(5_000).await;
    hasty.identify(json!({})).await;
}

#[tokio::test]
async fn a_client_that_does_not_beat_is_asked_and_then_given_up() {
    let discord = Discord::start_with(Options { heartbeat_interval_ms: 200, ..Options::default() }).await;
    let mut peer = Peer::connect(&discord, "").await;
    let ready = peer.identify(json!({})).await;
    assert_eq!(peer.frame().await["op"], 1);
    assert_eq!(peer.closed().await, Some(4009));
    let mut again = Peer::connect(&discord, "").await;
    again.frame().await;
    again.send(resume(&ready, 1)).await;
    assert_eq!(again.frame().await["op"], 9);
}

#[tokio::test]
async fn faults_close_silence_and_reconnect_a_session() {
    let discord = Discord::start().await;
    discord.guild(json!({"id": "1000", "channels": [{"id": "2000", "name": "forge"}]})).await;
    let mut peer = Peer::connect(&discord, "").await;
    let ready = peer.identify(json!({})).await;
    discord.fault(json!({"kind": "gateway_reconnect", "times": 1})).await;
    assert_eq!(peer.event_op(7).await["d"], Value::Null);
    discord.fault(json!({"kind": "gateway_close", "times": 1})).await;
    assert_eq!(peer.closed().await, None);
    let mut peer = Peer::connect(&discord, "").await;
    peer.send(resume(&ready, 2)).await;
    peer.event("RESUMED").await;
    discord.fault(json!({"kind": "gateway_close", "close_code": 4004, "times": 1})).await;
    assert_eq!(peer.closed().await, Some(4004));
    discord.fault(json!({"kind": "gateway_close", "close_code": 4014, "times": 1})).await;
    let mut refused = Peer::connect(&discord, "").await;
    refused.send(identify(&json!({"token": "other"}))).await;
    assert_eq!(refused.closed().await, Some(4014));
}

#[tokio::test]
async fn a_silenced_session_hears_nothing_until_the_fault_is_lifted() {
    let discord = Discord::start().await;
    discord.guild(json!({"id": "1000", "channels": [{"id": "2000", "name": "forge"}]})).await;
    let mut peer = Peer::connect(&discord, "").await;
    peer.identify(json!({})).await;
    peer.event("GUILD_CREATE").await;
    discord.fault(json!({"kind": "gateway_silence"})).await;
    peer.send(json!({"op": 1, "d": 2})).await;
    discord.post_message("2000", json!({"content": "unheard"})).await;
    let heard = tokio::time::timeout(Duration::from_millis(300), peer.frame()).await;
    assert!(heard.is_err(), "heard {heard:?}");
    discord.clear_faults().await;
    // The first thing heard is the message: the heartbeat was never acknowledged.
    assert_eq!(peer.frame().await["d"]["content"], "unheard");
}

#[tokio::test]
async fn the_handshake_can_be_refused_or_hang() {
    let discord = Discord::start().await;
    let handshake = async || {
        let stream = TcpStream::connect(discord.address).await.unwrap();
        tokio_tungstenite::client_async(discord.gateway(), stream).await
    };
    discord.fault(json!({"kind": "status", "status": 503, "match": {"path": "/gateway"}, "times": 1})).await;
    assert!(handshake().await.unwrap_err().to_string().contains("503"));
    discord.fault(json!({"kind": "hang", "match": {"method": "WS"}, "times": 1})).await;
    assert!(tokio::time::timeout(Duration::from_millis(300), handshake()).await.is_err());
    handshake().await.unwrap();
}

#[tokio::test]
async fn members_are_told_to_who_asks_for_them() {
    let discord = Discord::start().await;
    let members = json!([{"id": "4000", "name": "ada"}, {"id": "4001", "name": "bob"}]);
    discord.guild(json!({"id": "1000", "members": members})).await;
    let mut peer = Peer::connect(&discord, "").await;
    peer.identify(json!({})).await;
    // Without the intent for presences only the bot itself comes with its guild.
    assert_eq!(peer.event("GUILD_CREATE").await["d"]["members"].as_array().map(Vec::len), Some(1));
    peer.send(
        json!({"op": 8, "d": {"guild_id": "1000", "user_ids": ["4001", "4002"], "limit": 0, "nonce": "n"}}),
    )
    .await;
    let chunk = peer.event("GUILD_MEMBERS_CHUNK").await["d"].clone();
    assert_eq!(chunk["members"][0]["user"]["username"], "bob");
    assert_eq!((&chunk["not_found"], &chunk["nonce"]), (&json!(["4002"]), &json!("n")));
}
