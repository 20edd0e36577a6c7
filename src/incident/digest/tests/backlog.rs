//! What waits for a Discord that is away.

use super::*;

impl Lookout {
    /// Sends what is next in `channel`, as delivery would; its title.
    async fn send(&self, channel: u64) -> Option<String> {
        let now = self.clock.now_ms();
        let job = move |conn: &Connection| {
            let heads = outbox::heads(conn)?;
            let Some(head) = heads.iter().find(|head| head.channel_id == channel) else { return Ok(None) };
            let row = outbox::get(conn, head.id)?.unwrap();
            outbox::attempting(conn, row.id, now)?;
            outbox::delivered(conn, row.id, row.version, row.id.unsigned_abs(), now)?;
            let message: serde_json::Value = serde_json::from_str(&row.payload).unwrap();
            Ok(message["embeds"][0]["title"].as_str().map(str::to_owned))
        };
        self.worker.store.write(job).await.unwrap()
    }

    async fn send_all(&self, channel: u64) -> Vec<String> {
        let mut sent = Vec::new();
        while let Some(title) = self.send(channel).await {
            sent.push(title);
        }
        sent
    }
}

#[tokio::test]
async fn after_long_without_discord_a_backlog_is_condensed_with_the_newest_critical_one_first() {
    let lookout = Lookout::with(Route { digest_after: 0, ..route() });
    for minute in 0..20 {
        lookout.tell([push(&format!("branch{minute}")), firing(&format!("Alert{minute}"))]).await;
        lookout
            .tell(
                (minute % 5 == 0)
                    .then(|| alert(&format!("Fire{minute}"), Severity::Critical, Firing::Firing)),
            )
            .await;
        lookout.worker.condense().await.unwrap();
        // The second channel takes a message every minute, so it is only slow.
        lookout.send(2).await.unwrap();
        lookout.clock.advance(Duration::from_mins(1));
    }
    lookout.tell([resolved("Alert1"), resolved("Fire0")]).await;
    lookout.worker.condense().await.unwrap();
    let sent = lookout.send_all(1).await;
    let first: Vec<_> = sent.iter().take(3).map(|title| title.rsplit(' ').next().unwrap()).collect();
    assert_eq!(first, ["Fire15", "Fire10", "Fire5"], "{sent:#?}");
    // What had become critical before that was seen has its message too, as it stands now.
    assert_eq!(sent.iter().filter(|title| title.ends_with(": Fire0")).count(), 1);
    assert_eq!(sent.iter().filter(|title| title.contains("branch")).count(), 20);
    let digest: Vec<_> = sent.iter().filter(|title| title.starts_with("While Discord was away")).collect();
    assert_eq!(digest, ["While Discord was away: 20 incidents, 19 open"]);
    assert_eq!(sent.len(), 4 + 20 + 1);
    // What it has not taken yet, and the two that changed since.
    assert_eq!(lookout.send_all(2).await.len(), 44 - 20 + 2);

    // Later ones have messages of their own, and what is gathered is edited.
    lookout.tell([firing("Later"), resolved("Alert2")]).await;
    lookout.worker.condense().await.unwrap();
    let mut sent = lookout.send_all(1).await;
    sent.sort();
    assert_eq!(sent.len(), 2, "{sent:#?}");
    assert!(sent[0].ends_with("20 incidents, 18 open") && sent[1].ends_with(": Later"), "{sent:#?}");
}

#[tokio::test]
async fn a_day_without_discord_leaves_the_state_of_things() {
    let lookout = Lookout::with(Route { channels: vec![1], digest_after: 0, ..route() });
    lookout.tell([firing("First")]).await;
    lookout.send_all(1).await;
    for half_hour in 0..48 {
        let alerts = (0..40).map(|n| firing(&format!("Alert{}", half_hour * 40 + n)));
        lookout.tell(alerts.chain([push(&format!("branch{half_hour}"))])).await;
        lookout.clock.advance(Duration::from_mins(30));
        lookout.worker.condense().await.unwrap();
    }
    let sent = lookout.send_all(1).await;
    assert_eq!(sent.len(), 48 + 1, "{sent:#?}");
    assert_eq!(sent[0], "While Discord was away: 1920 incidents, 1920 open");
}
