//! At the wire: a real server on a real socket, with answers from a script.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use hyper::{Response, body::Incoming};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;

use super::*;
use crate::health::Health;

/// One answer of the script.
enum Answer {
    Http(u16, &'static [(&'static str, &'static str)], Value),
    /// Reads the request, then cuts the connection.
    Cut,
    /// Reads the request, then says nothing.
    Silence,
}

#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    heads: Arc<Mutex<Vec<(String, HeaderMap)>>>,
}

impl Script {
    async fn serve(answers: impl IntoIterator<Item = Answer>) -> (Self, Url) {
        let script = Self::default();
        script.answers.lock().unwrap().extend(answers);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let served = script.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let script = served.clone();
                let service = service_fn(move |request| script.clone().answer(request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        (script, origin)
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, String> {
        let (head, body) = request.into_parts();
        body.collect().await.map_err(|error| error.to_string())?;
        self.heads.lock().unwrap().push((format!("{} {}", head.method, head.uri), head.headers));
        let answer = self.answers.lock().unwrap().pop_front();
        match answer {
            Some(Answer::Http(status, headers, body)) => {
                let mut response = Response::builder().status(status);
                for (name, value) in headers {
                    response = response.header(*name, *value);
                }
                Ok(response.body(Full::new(body.to_string().into())).unwrap())
            }
            Some(Answer::Silence) => std::future::pending().await,
            Some(Answer::Cut) | None => Err("cut".into()),
        }
    }

    fn requests(&self) -> Vec<String> {
        self.heads.lock().unwrap().iter().map(|(line, _)| line.clone()).collect()
    }
}

fn rest(origin: Url, clock: &Clock) -> Rest {
    Rest::new(RestSettings {
        origin,
        token: "token-of-the-bot".into(),
        user_agent: AGENT.into(),
        clock: clock.clone(),
        metrics: Metrics::default(),
        halt: Halt::new(Health::default()),
        connect_timeout: Duration::from_secs(5),
        request_timeout: Duration::from_secs(10),
    })
    .unwrap()
}

fn ok() -> Answer {
    Answer::Http(200, &[], json!({"id": "1"}))
}

#[tokio::test]
async fn a_request_presents_the_bot_as_discord_wants_it() {
    let (script, origin) = Script::serve([ok()]).await;
    let rest = rest(origin, &Clock::system());
    assert_eq!(rest.get("/users/@me").await.unwrap()["id"], "1");
    let (line, headers) = script.heads.lock().unwrap().remove(0);
    assert_eq!(line, "GET /api/v10/users/@me");
    assert_eq!(headers[AUTHORIZATION], "Bot token-of-the-bot");
    assert_eq!(
        headers[USER_AGENT],
        format!("DiscordBot (https://forge.example.org/vigie/vigie, {})", env!("CARGO_PKG_VERSION"))
    );
    let metrics = rest.metrics.encode().unwrap();
    assert!(metrics.contains("vigie_discord_requests_total{status=\"200\"} 1"), "{metrics}");
}

#[tokio::test]
async fn a_429_is_waited_out_exactly_and_the_request_sent_again() {
    let limited = Answer::Http(
        429,
        &[("x-ratelimit-scope", "shared"), ("retry-after", "2")],
        json!({"message": "You are being rate limited.", "retry_after": 1.25, "global": false}),
    );
    let (script, origin) = Script::serve([limited, ok()]).await;
    let clock = Clock::manual(jiff::Timestamp::UNIX_EPOCH);
    let rest = rest(origin, &clock);
    let request = tokio::spawn({
        let rest = rest.clone();
        async move { rest.post("/channels/1/messages", &json!({})).await }
    });
    let limited = StatusLabel { status: "429".into() };
    while rest.metrics.discord_requests.get_or_create(&limited).get() == 0 {
        tokio::task::yield_now().await;
    }
    clock.advance(Duration::from_millis(1249));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(script.requests().len(), 1);
    clock.advance(Duration::from_millis(1));
    request.await.unwrap().unwrap();
    let metrics = rest.metrics.encode().unwrap();
    assert!(metrics.contains("vigie_discord_invalid_requests_total 0"), "shared is not invalid: {metrics}");
}

#[tokio::test]
async fn a_401_halts_all_sending_and_says_what_to_do() {
    let (script, origin) =
        Script::serve([Answer::Http(401, &[], json!({"message": "401: Unauthorized", "code": 0}))]).await;
    let rest = rest(origin, &Clock::system());
    assert!(matches!(rest.get("/users/@me").await, Err(RestError::Unauthorized(_))));
    assert!(matches!(rest.get("/users/@me").await, Err(RestError::Halted(_))));
    assert_eq!(script.requests().len(), 1);
    assert_eq!(rest.halt.reason(), Some(&TOKEN_REFUSED));
}

#[tokio::test]
async fn an_interaction_token_that_ran_out_halts_nothing() {
    let expired = json!({"message": "Invalid Webhook Token", "code": 50027});
    let (_script, origin) = Script::serve([Answer::Http(401, &[], expired), ok()]).await;
    let rest = rest(origin, &Clock::system());
    let error = rest.post("/webhooks/1/abc", &json!({})).await.unwrap_err();
    assert!(matches!(error, RestError::Refused { status: 401, code: 50027, .. }), "{error}");
    rest.get("/users/@me").await.unwrap();
}

#[tokio::test]
async fn an_error_says_whether_the_request_may_have_acted() {
    let invalid = json!({"code": 50035, "message": "Invalid Form Body", "errors": {"content": {}}});
    let (_script, origin) =
        Script::serve([Answer::Http(400, &[], invalid), Answer::Http(502, &[], Value::Null), Answer::Cut])
            .await;
    let sender = rest(origin, &Clock::system());
    let error = sender.post("/channels/1/messages", &json!({})).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Discord refused the request: 400, code 50035: Invalid Form Body {\"content\":{}}"
    );
    assert_eq!(error.acted(), Acted::No);
    let error = sender.post("/channels/1/messages", &json!({})).await.unwrap_err();
    assert!(matches!(error, RestError::Server(502)), "{error}");
    assert_eq!(error.acted(), Acted::Unknown);
    let error = sender.post("/channels/1/messages", &json!({})).await.unwrap_err();
    assert!(matches!(error, RestError::Network { acted: Acted::Unknown, .. }), "{error}");

    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let sender = rest(format!("http://{nobody}").parse().unwrap(), &Clock::system());
    let error = sender.get("/users/@me").await.unwrap_err();
    assert!(matches!(error, RestError::Network { acted: Acted::No, .. }), "{error}");
}

#[tokio::test]
async fn silence_ends_with_the_time_out() {
    let (script, origin) = Script::serve([Answer::Silence]).await;
    let clock = Clock::manual(jiff::Timestamp::UNIX_EPOCH);
    let rest = rest(origin, &clock);
    let request = tokio::spawn(async move { rest.get("/gateway").await });
    while script.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    clock.advance(Duration::from_secs(10));
    let error = request.await.unwrap().unwrap_err();
    assert!(matches!(error, RestError::TimedOut(_)), "{error}");
    assert_eq!(error.acted(), Acted::Unknown);
}
