//! Uptime Kuma: a monitor that goes down and up, told by its webhook; and, while Vigie was dead, found in its metrics.

use std::{net::SocketAddr, time::Duration};

use data_encoding::BASE64;
use harness::{
    Lab, Vigie, eventually,
    real::{Kuma, KumaParts},
};
use hyper::{Request, header::AUTHORIZATION};
use serde_json::json;
use stack_sim::programs::Programs;

use super::{CHANNEL, free_address, shown};
use crate::vigie;

const ACCEPTED: &str = "vigie_events_total{source=\"kuma\",outcome=\"accepted\"}";
const FOUND: &str = "vigie_events_total{source=\"kuma\",outcome=\"found\"}";

/// A Kuma that looks at a blog every 20 seconds, more often than which it can't.
struct Harbor {
    lab: Lab,
    target: Programs,
    kuma: Kuma,
    hooks: SocketAddr,
    key: String,
}

impl Harbor {
    async fn new(parts: &KumaParts) -> Self {
        let (lab, target) = (Lab::new(1).await, Programs::start().await.unwrap());
        target.answer("blog", &"Ahoy");
        let hooks = free_address();
        let wanted = json!({
            "notification": {
                "type": "webhook", "webhookURL": format!("http://{hooks}/hooks/kuma"), "webhookContentType": "json",
                "webhookAdditionalHeaders": json!({ "Authorization": "Bearer simulated" }).to_string(),
            },
            "monitor": { "name": "blog", "url": target.url("blog") },
            "apiKey": true,
        });
        let kuma = parts.start(&wanted).await;
        let key = kuma.made["apiKey"].as_str().unwrap().to_owned();
        std::fs::write(lab.folder().join("key"), &key).unwrap();
        let harbor = Self { lab, target, kuma, hooks, key };
        harbor.kuma_says(1).await;
        harbor
    }

    /// Waits until Kuma's own metrics say `status` of its monitor.
    async fn kuma_says(&self, status: u8) {
        let authorization = format!("Basic {}", BASE64.encode(format!(":{}", self.key).as_bytes()));
        let mut turn = 0_u32;
        eventually("Kuma has looked at the blog", async || {
            turn += 1;
            // About each second: it answers sixty times a minute, Vigie's questions among them.
            if turn % 200 != 1 {
                return None;
            }
            let request = Request::get(format!("http://{}/metrics", self.kuma.address));
            let request = request.header(AUTHORIZATION, &authorization).body(http_body_util::Full::default());
            let metrics = self.lab.client.try_request(request.unwrap()).await?.text();
            let said = metrics.lines().find(|line| line.starts_with("monitor_status{"))?;
            said.ends_with(&format!("}} {status}")).then_some(())
        })
        .await;
    }

    async fn vigie(&self) -> Vigie {
        let more = format!(
            "[sources.kuma]\ntoken_file = \"token\"\nurl = \"http://{}\"\napi_token_file = \"key\"\n\
             [[routes]]\nchannels = [{CHANNEL}]",
            self.kuma.address
        );
        let configuration = self.lab.configuration(&more).replace("127.0.0.1:0", &self.hooks.to_string());
        // A bot may begin one session in five seconds.
        self.lab.discord_ages(Duration::from_secs(6));
        let vigie = self.lab.vigie_with(vigie(), &configuration).await;
        vigie.ready().await;
        vigie
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "real programs keep real time: by itself, see CONTRIBUTING.md"]
async fn a_monitor_of_a_real_uptime_kuma_goes_down_and_up() {
    let Some(parts) = KumaParts::find() else { return };
    let harbor = Harbor::new(&parts).await;
    let vigie = harbor.vigie().await;
    harbor.target.refuse("blog", Some(503));
    let first = shown(&harbor.lab, &["blog is down", "Request failed with status code 503"]).await;
    harbor.target.refuse("blog", None);
    let up = shown(&harbor.lab, &["blog is up again", "200 - OK"]).await;
    assert_eq!(up["id"], first["id"]);
    vigie.reaches(ACCEPTED, 2.0).await;
    assert!(!up.to_string().contains("Found late"), "{up:#}");
    vigie.kill().await;

    harbor.target.refuse("blog", Some(503));
    harbor.kuma_says(0).await;
    let vigie = harbor.vigie().await;
    shown(&harbor.lab, &["blog is down", "down when it was asked", "Found late"]).await;
    harbor.target.refuse("blog", None);
    let up = shown(&harbor.lab, &["blog is up again", "200 - OK"]).await;
    // Within the hour it is the same incident.
    assert_eq!(up["id"], first["id"]);
    vigie.reaches(FOUND, 1.0).await;
    vigie.reaches(ACCEPTED, 1.0).await;
    let messages = harbor.lab.messages(CHANNEL).await;
    let own = messages.iter().filter(|one| one["message_reference"].is_null()).count();
    assert_eq!(own, 1, "{messages:#?}");
}
