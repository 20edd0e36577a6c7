//! What the demo asks over HTTP, as the programs that it stands for would.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use stack_sim::hooks::Hook;

use crate::clock::Clock;

/// How long an answer may take. A command may take up to 30 s by itself.
const LIMIT: Duration = Duration::from_secs(40);

/// Posts a webhook to the Vigie at `origin`.
pub(super) async fn deliver(origin: &str, hook: &Hook) -> Result<(), String> {
    let mut request = Request::post(format!("{origin}{}", hook.path));
    for (name, value) in &hook.headers {
        request = request.header(*name, value);
    }
    send(request.body(Full::from(hook.body.clone()))).await.map(|_| ())
}

/// Posts JSON, or gets if there is none, and returns the JSON of the answer.
pub(super) async fn call(url: &str, body: Option<&Value>) -> Result<Value, String> {
    let request = match body {
        Some(body) => {
            Request::post(url).header("content-type", "application/json").body(Full::from(body.to_string()))
        }
        None => Request::get(url).body(Full::default()),
    };
    let answer = send(request).await?;
    serde_json::from_slice(&answer).map_err(|error| format!("{url} answered no JSON: {error}"))
}

async fn send(request: Result<Request<Full<Bytes>>, hyper::http::Error>) -> Result<Bytes, String> {
    let request = request.map_err(|error| error.to_string())?;
    let line = format!("{} {}", request.method(), request.uri());
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let exchange = async {
        let answer: Response<_> =
            client.request(request).await.map_err(|error| format!("{line}: {error}"))?;
        let status = answer.status();
        let body = answer.into_body().collect().await.map_err(|error| format!("{line}: {error}"))?.to_bytes();
        if status.is_success() {
            Ok(body)
        } else {
            Err(format!("{line} answered {status}: {}", String::from_utf8_lossy(&body)))
        }
    };
    let answer = Clock::system().timeout(LIMIT, exchange).await;
    answer.unwrap_or_else(|| Err(format!("{line}: no answer within {LIMIT:?}")))
}
