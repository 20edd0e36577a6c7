//! A simulator of a test's own, and the calls that tests make on it.

use std::{net::SocketAddr, time::Duration};

use discord_openapi::OpenApi;
use discord_sim::{Options, Sim};
use reqwest::{Client, Method, header};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running simulator; it stops when dropped.
pub(crate) struct Discord {
    pub(crate) address: SocketAddr,
    http: Client,
    _running: DropGuard,
}

impl Discord {
    pub(crate) async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub(crate) async fn start_with(options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let (sim, stop) = (Sim::new(options), shutdown.clone());
        tokio::spawn(async move { sim.serve(listener, stop).await.unwrap() });
        let agent = "DiscordBot (https://forge.example.org/vigie/vigie, 0.1.0)";
        let headers = header::HeaderMap::from_iter([(header::AUTHORIZATION, "Bot t".parse().unwrap())]);
        let http = Client::builder().user_agent(agent).default_headers(headers).build().unwrap();
        Self { address, http, _running: shutdown.drop_guard() }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The client that all calls go through: it has a name and a token.
    pub(crate) fn client(&self) -> &Client {
        &self.http
    }

    pub(crate) fn gateway(&self) -> String {
        format!("ws://{}/gateway", self.address)
    }

    /// Status and body of a request; an empty body is null. What the API answers is held to Discord's description.
    pub(crate) async fn request(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let name = method.to_string();
        let mut request = self.http.request(method, self.url(path));
        if !body.is_null() {
            request = request.json(body);
        }
        let answer =
            tokio::time::timeout(PATIENCE, request.send()).await.expect("an answer in time").unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.unwrap();
        let answer = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        // A path that Discord does not have answers with the code 0, which no description has.
        if let Some(api) = OpenApi::load().filter(|_| path.starts_with("/api/") && answer["code"] != 0) {
            assert_eq!(api.check_answer(&name, path, status, &answer), [], "{answer:#}");
        }
        (status, answer)
    }

    /// Holds everything that was said so far to Discord's description.
    pub(crate) async fn check_log(&self) {
        let log = self.get("/_sim/log").await;
        if let Some(api) = OpenApi::load() {
            assert_eq!(api.check_log(&log), []);
        }
    }

    async fn expect(&self, method: Method, path: &str, body: &Value) -> Value {
        let (status, answer) = self.request(method, path, body).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.expect(Method::GET, path, &Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.expect(Method::POST, path, &body).await
    }

    pub(crate) async fn guild(&self, guild: Value) -> Value {
        self.post("/_sim/guilds", guild).await
    }

    pub(crate) async fn post_message(&self, channel: &str, body: Value) -> Value {
        self.post(&format!("/api/v10/channels/{channel}/messages"), body).await
    }

    pub(crate) async fn advance(&self, ms: u64) {
        self.post("/_sim/clock", json!({"advance_ms": ms})).await;
    }

    pub(crate) async fn fault(&self, fault: Value) {
        self.post("/_sim/faults", fault).await;
    }

    pub(crate) async fn clear_faults(&self) {
        self.expect(Method::DELETE, "/_sim/faults", &Value::Null).await;
    }

    pub(crate) async fn interact(&self, act: Value) -> Value {
        self.post("/_sim/interactions", act).await
    }

    /// Asks until the answer is as wanted.
    pub(crate) async fn wait_for(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let asked = async {
            let mut pace = tokio::time::interval(Duration::from_millis(10));
            loop {
                pace.tick().await;
                let answer = self.get(path).await;
                if wanted(&answer) {
                    return answer;
                }
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("{path} never was as wanted"))
    }
}
