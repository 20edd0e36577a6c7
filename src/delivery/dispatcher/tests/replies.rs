//! Replies and threads: each shows once, where it belongs, whatever Discord allows.

use super::*;
use crate::store::outbox::{Place, Reply, Thread};

impl Bench {
    /// Answers the message `name` in [`GENERAL`] with `text`, by the reference `vg-NAME-NUMBER`.
    async fn reply(&self, name: &str, number: u32, place: Place, text: &str) {
        let now = self.clock.now_ms();
        let (name, reference) = (name.to_owned(), format!("vg-{name}-{number}"));
        let payload = json!({"content": format!("{text}\n-# {reference}"), "embeds": []}).to_string();
        let put = self.store.write(move |conn| {
            let main = incidents::find(conn, Source::Gitea, &name)?.unwrap();
            let to = outbox::find(conn, main.id, GENERAL)?.unwrap().id;
            let row = IncidentRow {
                id: 0,
                key: reference.clone(),
                reference: reference.clone(),
                open: false,
                ..main
            };
            let incident_id = incidents::save(conn, &row)?;
            let reply = Some(Reply { to, place });
            let draft = Draft {
                incident_id,
                channel_id: GENERAL,
                reference,
                payload,
                accepted_ms: now,
                reply,
                whole: None,
            };
            outbox::put(conn, &draft, now)
        });
        put.await.unwrap();
        self.store.outbox_changes().notify_one();
    }

    async fn until_sent(&self) {
        self.passing("all is sent", Self::all_sent).await;
    }
}

fn id(message: &Value) -> u64 {
    message["id"].as_str().unwrap().parse().unwrap()
}

fn content(message: &Value) -> &str {
    message["content"].as_str().unwrap().lines().next().unwrap()
}

#[tokio::test]
async fn a_notice_answers_its_message_and_details_stand_in_one_thread() {
    let mut bench = Bench::new().await;
    bench.put("disk", GENERAL, "full").await;
    bench.reply("disk", 1, Place::Thread, "first").await;
    bench.reply("disk", 2, Place::Thread, "second").await;
    bench.reply("disk", 3, Place::Channel, "worse").await;
    bench.start();
    bench.until_sent().await;

    let [main, notice] = &bench.discord.messages(GENERAL)[..] else { panic!("two messages in the channel") };
    assert_eq!(content(notice), "worse");
    assert_eq!(notice["message_reference"]["message_id"], main["id"]);
    assert_eq!(notice["message_reference"]["fail_if_not_exists"], false);
    let thread = bench.discord.messages(id(main));
    assert_eq!(thread.iter().map(content).collect::<Vec<_>>(), ["first", "second"]);
    assert_eq!(bench.discord.threads(), [(id(main), false)]);
}

#[tokio::test]
async fn a_thread_that_is_there_already_is_used_and_one_too_many_becomes_a_plain_reply() {
    for (code, in_thread) in [(160_004, true), (160_006, false), (50013, false)] {
        let mut bench = Bench::new().await;
        bench.discord.refuse_threads(code);
        bench.put("disk", GENERAL, "full").await;
        bench.reply("disk", 1, Place::Thread, "detail").await;
        bench.reply("disk", 2, Place::Thread, "another").await;
        bench.start();
        bench.until_sent().await;

        let messages = bench.discord.messages(GENERAL);
        let main = id(&messages[0]);
        assert_eq!(bench.discord.messages(main).len(), if in_thread { 2 } else { 0 }, "{code}");
        let asked = bench.discord.log().iter().filter(|line| line.ends_with("/threads")).count();
        assert_eq!(asked, 1, "{code}");
        if !in_thread {
            assert_eq!(messages.len(), 3);
            assert!(
                messages[1..]
                    .iter()
                    .all(|reply| reply["message_reference"]["message_id"] == messages[0]["id"])
            );
        }
    }
}

#[tokio::test]
async fn a_thread_is_archived_once_its_incident_is_over_and_nothing_waits() {
    let mut bench = Bench::new().await;
    bench.put("disk", GENERAL, "full").await;
    bench.reply("disk", 1, Place::Thread, "detail").await;
    bench.start();
    bench.until_sent().await;
    let main = id(&bench.discord.messages(GENERAL)[0]);

    bench.put_in("disk", GENERAL, "over", Life::Over).await;
    bench.passing("the thread is archived", async |bench| bench.discord.threads() == [(main, true)]).await;

    bench.reply("disk", 2, Place::Thread, "afterthought").await;
    bench.passing("it was opened again", async |bench| bench.discord.messages(main).len() == 2).await;
    bench.passing("and archived again", async |bench| bench.discord.threads() == [(main, true)]).await;
    let made = bench.discord.log().iter().filter(|line| line.ends_with("/threads")).count();
    assert_eq!(made, 1);
}

#[tokio::test]
async fn a_reply_of_unknown_outcome_is_looked_for_where_it_was_sent() {
    let mut bench = Bench::new().await;
    bench.put("disk", GENERAL, "full").await;
    bench.reply("disk", 1, Place::Thread, "first").await;
    bench.start();
    bench.until_sent().await;
    let main = id(&bench.discord.messages(GENERAL)[0]);
    bench.discord.fault(Fault { method: "POST", channel: main, kind: Kind::ActAndHang, times: 1 });
    bench.reply("disk", 2, Place::Thread, "second").await;
    bench.standing("it is there", async |bench| bench.discord.messages(main).len() == 2).await;
    bench.kill().await;

    // Longer than Discord knows a nonce.
    bench.clock.advance(Duration::from_mins(10));
    bench.start();
    bench.until_sent().await;
    assert_eq!(bench.discord.messages(main).len(), 2);
}

#[tokio::test]
async fn a_reply_to_a_message_that_somebody_deleted_is_said_all_the_same() {
    let mut bench = Bench::new().await;
    bench.put("disk", GENERAL, "full").await;
    bench.start();
    bench.until_sent().await;
    bench.discord.delete_all();
    bench.reply("disk", 1, Place::Thread, "detail").await;
    bench.until_sent().await;
    assert_eq!(bench.discord.messages(GENERAL).iter().map(content).collect::<Vec<_>>(), ["detail"]);
    let rows = bench.store.read(|conn| outbox::to_archive(conn, 9)).await.unwrap();
    assert!(rows.iter().all(|row| row.thread != Thread::Open), "{rows:?}");
}
