//! Killed at each point on the way of a silence: it is made once, and shown as it is.

use std::time::Duration;

use harness::{GUILD, PATIENCE, eventually};
use serde_json::json;
use tokio::process::Command;
use vigie::crash_point::{CrashPoint, VARIABLE};

use super::{ALICE, CHANNEL, Watch};
use crate::vigie;

const SILENCED: [&str; 3] = ["👀", "🔔", "📖"];
const OPEN: [&str; 5] = ["👀", "🔕", "🔕", "🔕", "📖"];

impl Watch {
    /// Ends Vigie, starts one that ends at `point`, and has alice press the button that does `word` there.
    async fn dies_at(&mut self, point: CrashPoint, word: &str) {
        self.kill().await;
        // A bot may begin one session in five seconds.
        self.lab.discord_ages(Duration::from_secs(6));
        let mut command = Command::new(vigie());
        command.args(["run", "--config"]).arg(self.lab.folder().join("vigie.toml"));
        command.env(VARIABLE, format!("{}:1", point.as_str()));
        let mut vigie = harness::Vigie::start_with(&mut command, self.lab.client.clone()).await;
        vigie.ready().await;
        let act = json!({
            "kind": "button", "guild_id": GUILD, "channel_id": CHANNEL.to_string(), "user_id": ALICE,
            "message_id": self.message().await["id"], "custom_id": self.custom_id(word).await,
        });
        self.lab.sim("interactions", &act).await;
        assert!(vigie.is_killed_within(PATIENCE).await, "{point:?} was not reached:\n{}", vigie.log());
        self.vigie = Some(vigie);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_is_made_once_wherever_vigie_is_killed() {
    if !cfg!(debug_assertions) {
        println!("skipped: a build without debug assertions has no crash points");
        return;
    }
    for point in [CrashPoint::SilenceBegun, CrashPoint::SilenceMade, CrashPoint::SilenceStored] {
        let (mut watch, alertmanager) = Watch::new().await;
        watch.dies_at(point, "silence-1h").await;
        let made = usize::from(point != CrashPoint::SilenceBegun);
        assert_eq!(alertmanager.silences().len(), made, "{point:?}");
        watch.start().await;
        if made == 0 {
            // What was cut off before anybody was asked is not made later, but can be asked for again.
            eventually("it is given up", async || {
                watch.audit()[0].contains("silence: refused").then_some(())
            })
            .await;
            watch.pressed(ALICE, "silence-1h").await;
        }
        watch.buttons_are(&SILENCED).await;
        assert_eq!(alertmanager.silences().len(), 1, "{point:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_that_was_ended_is_shown_as_ended_after_a_kill() {
    if !cfg!(debug_assertions) {
        println!("skipped: a build without debug assertions has no crash points");
        return;
    }
    let (mut watch, alertmanager) = Watch::new().await;
    watch.pressed(ALICE, "silence-1h").await;
    watch.buttons_are(&SILENCED).await;
    watch.dies_at(CrashPoint::SilenceEnded, "unsilence").await;
    watch.start().await;
    watch.buttons_are(&OPEN).await;
    assert_eq!(alertmanager.silences().len(), 1);
}
