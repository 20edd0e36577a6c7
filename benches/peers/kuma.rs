//! Uptime Kuma, whose notifications post to Discord and tell Vigie. Invariant: each happening is a monitor of its own
//! that is told by a push that it is down.

use harness::{
    Client,
    real::{Kuma, KumaParts},
};
use serde_json::{Value, json};

use crate::{
    script::{self, Happening},
    stage::Stage,
};

/// How long a monitor's name may be (`monitor.name` in the database).
const NAME: usize = 150;
/// So much of a text fits into the address of a push, however it is encoded (16 KiB in Node.js).
const TEXT: usize = 2000;

/// A Kuma with a monitor for each happening.
pub(crate) async fn start(parts: &KumaParts, stage: &Stage) -> Kuma {
    let monitor = |happening: &Happening| {
        let name: String = happening.title.chars().take(NAME).collect();
        json!({ "type": "push", "name": name, "pushToken": happening.mark, "interval": 3600 })
    };
    let monitors: Vec<Value> = script::happenings().iter().map(monitor).collect();
    let discord = json!({ "type": "discord", "discordWebhookUrl": stage.webhook });
    let webhook = json!({
        "type": "webhook", "webhookURL": format!("http://{}/hooks/kuma", stage.hooks), "webhookContentType": "json",
        "webhookAdditionalHeaders": r#"{"Authorization":"Bearer simulated"}"#,
    });
    parts.start(&json!({ "notification": [discord, webhook], "monitor": monitors, "apiKey": true })).await
}

/// The configuration of the Vigie that it tells.
pub(crate) fn vigie(kuma: &Kuma, stage: &Stage) -> String {
    std::fs::write(stage.vigie.folder().join("key"), kuma.made["apiKey"].as_str().unwrap()).unwrap();
    let asked = format!("url = \"http://{}\"\napi_token_file = \"key\"", kuma.address);
    stage.configuration(&format!("[sources.kuma]\ntoken_file = \"token\"\n{asked}"))
}

pub(crate) async fn tell(kuma: &Kuma, client: &Client, happening: &Happening) {
    let text: String = happening.text.chars().take(TEXT).collect();
    let text = text.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"));
    let url = format!("http://{}/api/push/{}?status=down&msg={text}", kuma.address, happening.mark);
    let answer = client.get(&url).await;
    assert!(answer.is_success(), "{answer:?}");
}
