//! Where a program and Vigie stand side by side. Invariant: each has a Discord of its own, which does the same to it.

use std::{net::SocketAddr, path::Path, time::Instant};

use harness::{FALLBACK, Lab, real::free_address};
use hyper::Method;
use jiff::Timestamp;

use crate::{
    script::{self, Happening},
    verdict,
};

const CHANNEL: u64 = FALLBACK + 1;

pub(crate) struct Stage {
    /// The Discord of the program.
    pub(crate) peer: Lab,
    /// The webhook there that it posts to.
    pub(crate) webhook: String,
    /// The Discord of Vigie.
    pub(crate) vigie: Lab,
    /// Where Vigie listens.
    pub(crate) hooks: SocketAddr,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let (peer, vigie) = (Lab::new(1).await, Lab::new(1).await);
        let url = format!("http://{}/api/v10/channels/{CHANNEL}/webhooks", peer.discord);
        let headers =
            [("authorization", "Bot any"), ("user-agent", "peers"), ("content-type", "application/json")];
        let made = peer.client.request(Method::POST, &url, &headers, r#"{"name":"harbor"}"#).await.json();
        let (id, token) = (made["id"].as_str().unwrap(), made["token"].as_str().unwrap());
        let webhook = format!("http://{}/api/webhooks/{id}/{token}", peer.discord);
        Self { peer, webhook, vigie, hooks: free_address() }
    }

    /// Vigie's configuration, with `sections` about what tells it.
    pub(crate) fn configuration(&self, sections: &str) -> String {
        let routes = format!("{sections}\n[[routes]]\nchannels = [{CHANNEL}]\ndigest_after = 0");
        self.vigie.configuration(&routes).replace("127.0.0.1:0", &self.hooks.to_string())
    }

    /// All happens. `program` names what tells of it by `tell`, and the Vigie that is started from `binary`. The rows
    /// of both.
    pub(crate) async fn play(
        mut self,
        binary: &Path,
        program: [String; 2],
        configuration: &str,
        tell: impl AsyncFn(&Happening),
    ) -> Vec<String> {
        let vigie = self.vigie.vigie_with(binary, configuration).await;
        vigie.ready().await;
        let began = Instant::now();
        let telling = async {
            let mut told = Vec::new();
            for happening in script::happenings() {
                tokio::time::sleep_until((began + happening.at).into()).await;
                tell(&happening).await;
                told.push((happening.mark, Timestamp::now()));
            }
            told
        };
        let (told, (), ()) = tokio::join!(
            telling,
            script::trouble(&mut self.peer, began),
            script::trouble(&mut self.vigie, began)
        );
        verdict::settled([&self.peer, &self.vigie]).await;
        let [peer, beside] = program;
        vec![verdict::row(&peer, &self.peer, &told).await, verdict::row(&beside, &self.vigie, &told).await]
    }
}
