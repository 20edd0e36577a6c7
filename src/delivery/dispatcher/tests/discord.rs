//! As much of Discord as the sender sees: messages, nonces that are forgotten after some minutes, faults.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, MutexGuard},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, body::Incoming, header::CONTENT_TYPE, server::conn::http1, service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use url::Url;

use super::*;

/// How long Discord knows a nonce.
const NONCE_MEMORY: Duration = Duration::from_mins(3);

const BOT: &str = "900";

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Acts, then cuts the connection.
    DropAnswer,
    /// Cuts the connection without acting.
    Cut,
    /// Says nothing, without acting.
    Hang,
    /// Acts, then says nothing.
    ActAndHang,
    /// A status and Discord's code.
    Status(u16, u64),
    /// A 429 of this scope, with this many seconds to wait.
    RateLimit(&'static str, f64),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) method: &'static str,
    pub(super) channel: u64,
    pub(super) kind: Kind,
    pub(super) times: u32,
}

#[derive(Default)]
struct World {
    messages: BTreeMap<u64, Vec<Value>>,
    last: HashMap<u64, u64>,
    nonces: HashMap<String, (u64, Timestamp)>,
    hidden: BTreeSet<u64>,
    faults: Vec<Fault>,
    log: Vec<String>,
    made: u64,
    /// Threads, and whether each is archived.
    threads: BTreeMap<u64, bool>,
    /// With which code threads are refused, if they are.
    no_threads: Option<u64>,
}

#[derive(Clone)]
pub(super) struct Discord {
    pub(super) origin: Url,
    clock: Clock,
    world: Arc<Mutex<World>>,
}

impl Discord {
    pub(super) async fn start(clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let discord = Self { origin, clock, world: Arc::default() };
        let served = discord.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let discord = served.clone();
                let service = service_fn(move |request| discord.clone().answer(request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        discord
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(super) fn fault(&self, fault: Fault) {
        self.world().faults.push(fault);
    }

    pub(super) fn hide_history(&self, channel: u64) {
        self.world().hidden.insert(channel);
    }

    pub(super) fn show_history(&self, channel: u64) {
        self.world().hidden.remove(&channel);
    }

    pub(super) fn refuse_threads(&self, code: u64) {
        self.world().no_threads = Some(code);
    }

    /// Each thread, and whether it is archived.
    pub(super) fn threads(&self) -> Vec<(u64, bool)> {
        self.world().threads.clone().into_iter().collect()
    }

    pub(super) fn delete_all(&self) {
        self.world().messages.clear();
    }

    /// Each request as `METHOD /path?query`, in order.
    pub(super) fn log(&self) -> Vec<String> {
        self.world().log.clone()
    }

    /// How many creates the channel saw.
    pub(super) fn attempts(&self, channel: u64) -> usize {
        let create = format!("POST /api/v10/channels/{channel}/messages");
        self.world().log.iter().filter(|line| **line == create).count()
    }

    /// The bot's messages in a channel, oldest first.
    pub(super) fn messages(&self, channel: u64) -> Vec<Value> {
        let world = self.world();
        let messages = world.messages.get(&channel).into_iter().flatten();
        messages.filter(|message| message["author"]["id"] == BOT).cloned().collect()
    }

    /// Their texts.
    pub(super) fn texts(&self, channel: u64) -> Vec<String> {
        let text = |message: &Value| message["embeds"][0]["description"].as_str().unwrap().to_owned();
        self.messages(channel).iter().map(text).collect()
    }

    /// Lets people write.
    pub(super) fn chatter(&self, channel: u64, text: &str, times: usize) {
        for _ in 0..times {
            self.add(channel, json!({"content": text, "author": {"id": "7"}, "embeds": []}));
        }
    }

    fn add(&self, channel: u64, mut message: Value) -> Value {
        let mut world = self.world();
        world.made += 1;
        let since = u64::try_from(self.clock.now_ms() - 1_420_070_400_000).unwrap();
        let id = (since << 22) + world.made;
        message["id"] = id.to_string().into();
        world.last.insert(channel, id);
        world.messages.entry(channel).or_default().push(message.clone());
        message
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, String> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let body = read(content_type.unwrap_or_default(), &body);
        let segments: Vec<_> = head.uri.path().trim_start_matches("/api/v10/").split('/').collect();
        let channel = segments.get(1).and_then(|id| id.parse().ok()).unwrap_or_default();
        self.world().log.push(format!("{} {}", head.method, head.uri));
        let fault = self.next_fault(head.method.as_str(), channel);
        let act = || match (head.method.as_str(), segments.as_slice()) {
            ("GET", ["users", "@me"]) => (200, json!({"id": BOT})),
            ("GET", ["channels", _]) => {
                let last = self.world().last.get(&channel).map(u64::to_string);
                (200, json!({"id": channel.to_string(), "last_message_id": last}))
            }
            ("GET", ["channels", _, "messages"]) => {
                (200, self.list(channel, head.uri.query().unwrap_or_default()))
            }
            ("GET", ["channels", _, "messages", id]) => self.read(channel, id),
            ("POST", ["channels", _, "messages"]) => self.create(channel, &body),
            ("PATCH", ["channels", _, "messages", id]) => self.edit(channel, id, &body),
            ("POST", ["channels", _, "messages", id, "threads"]) => self.thread(channel, id),
            ("PATCH", ["channels", _]) => {
                self.world().threads.insert(channel, body["archived"] == true);
                (200, json!({"id": channel.to_string()}))
            }
            _ => (404, json!({"code": 0, "message": "404: Not Found"})),
        };
        let (status, answer) = match fault {
            None => act(),
            Some(Kind::DropAnswer) => {
                act();
                return Err("cut".into());
            }
            Some(Kind::Cut) => return Err("cut".into()),
            Some(Kind::Hang) => std::future::pending().await,
            Some(Kind::ActAndHang) => {
                act();
                std::future::pending().await
            }
            Some(Kind::Status(status, code)) => (status, json!({"code": code, "message": "fault"})),
            Some(Kind::RateLimit(scope, wait)) => {
                let body = json!({"message": "limited", "retry_after": wait, "global": scope == "global"});
                let answer = Response::builder().status(429).header("x-ratelimit-scope", scope);
                return Ok(answer.body(Full::new(body.to_string().into())).unwrap());
            }
        };
        Ok(Response::builder().status(status).body(Full::new(answer.to_string().into())).unwrap())
    }

    fn next_fault(&self, method: &str, channel: u64) -> Option<Kind> {
        let mut world = self.world();
        let matches =
            |fault: &&mut Fault| fault.times > 0 && fault.method == method && fault.channel == channel;
        let fault = world.faults.iter_mut().find(matches)?;
        fault.times -= 1;
        Some(fault.kind)
    }

    fn create(&self, channel: u64, body: &Value) -> (u16, Value) {
        let nonce = format!("{channel}/{}", body["nonce"].as_str().unwrap());
        let now = self.clock.now();
        let known = self.world().nonces.get(&nonce).copied();
        if let Some((id, _)) = known.filter(|&(_, at)| later(at, NONCE_MEMORY) > now) {
            return self.find(channel, &id.to_string());
        }
        if let Err(refusal) = check(body) {
            return refusal;
        }
        if let Some(archived) = self.world().threads.get_mut(&channel) {
            *archived = false;
        }
        let message = self.add(
            channel,
            json!({
                "content": body["content"], "embeds": body["embeds"], "author": {"id": BOT},
                "message_reference": body["message_reference"], "file": body["file"],
            }),
        );
        let id = message["id"].as_str().unwrap().parse().unwrap();
        self.world().nonces.insert(nonce, (id, now));
        (200, message)
    }

    fn thread(&self, channel: u64, id: &str) -> (u16, Value) {
        if self.find(channel, id).0 != 200 {
            return unknown_message();
        }
        let mut world = self.world();
        if let Some(code) = world.no_threads {
            return (400, json!({"code": code, "message": "no"}));
        }
        let made = id.parse().unwrap();
        if world.threads.contains_key(&made) {
            return (
                400,
                json!({"code": 160_004, "message": "A thread has already been created for this message"}),
            );
        }
        world.threads.insert(made, false);
        (201, json!({"id": id}))
    }

    fn edit(&self, channel: u64, id: &str, body: &Value) -> (u16, Value) {
        if let Err(refusal) = check(body) {
            return refusal;
        }
        let mut world = self.world();
        let messages = world.messages.entry(channel).or_default();
        let Some(message) = messages.iter_mut().find(|message| message["id"] == id) else {
            return unknown_message();
        };
        message["embeds"] = body["embeds"].clone();
        (200, message.clone())
    }

    fn read(&self, channel: u64, id: &str) -> (u16, Value) {
        if self.world().hidden.contains(&channel) {
            return (403, json!({"code": 50001, "message": "Missing Access"}));
        }
        self.find(channel, id)
    }

    fn find(&self, channel: u64, id: &str) -> (u16, Value) {
        let world = self.world();
        let mut messages = world.messages.get(&channel).into_iter().flatten();
        match messages.find(|message| message["id"] == id) {
            Some(message) => (200, message.clone()),
            None => unknown_message(),
        }
    }

    /// The first `limit` after an id; newest first, as Discord lists them.
    fn list(&self, channel: u64, query: &str) -> Value {
        let world = self.world();
        if world.hidden.contains(&channel) {
            return json!([]);
        }
        let number = |name: &str| {
            let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            value.map(|value| value.parse::<u64>().unwrap())
        };
        let limit = usize::try_from(number("limit").unwrap()).unwrap();
        let all = world.messages.get(&channel).map(Vec::as_slice).unwrap_or_default();
        let after = number("after").unwrap();
        let later = |message: &&Value| message["id"].as_str().unwrap().parse::<u64>().unwrap() > after;
        let mut page: Vec<_> = all.iter().filter(later).take(limit).collect();
        page.reverse();
        json!(page)
    }
}

/// A body of JSON; one with a file has its text as `file`.
fn read(content_type: &str, body: &[u8]) -> Value {
    let Ok(boundary) = multer::parse_boundary(content_type) else {
        return serde_json::from_slice(body).unwrap_or(Value::Null);
    };
    let body = std::str::from_utf8(body).unwrap();
    let parts: Vec<_> =
        body.split(&format!("--{boundary}")).filter_map(|part| part.split_once("\r\n\r\n")).collect();
    let mut message: Value = serde_json::from_str(parts[0].1).unwrap();
    message["file"] = parts[1].1.trim_end_matches("\r\n").into();
    message
}

fn unknown_message() -> (u16, Value) {
    (404, json!({"code": 10008, "message": "Unknown Message"}))
}

fn check(body: &Value) -> Result<(), (u16, Value)> {
    match body["embeds"][0]["description"].as_str() {
        Some(text) if text.chars().count() > 4096 => {
            Err((400, json!({"code": 50035, "message": "Invalid Form Body", "errors": {}})))
        }
        _ => Ok(()),
    }
}
