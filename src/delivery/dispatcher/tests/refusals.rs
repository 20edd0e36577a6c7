//! What Discord does not take, or does not have any more.

use super::*;

#[tokio::test]
async fn a_deleted_message_comes_again_only_while_its_incident_is_open() {
    let mut bench = Bench::new().await;
    bench.start();
    for (name, channel) in [("open", GENERAL), ("over", OTHER)] {
        bench.put(name, channel, "old").await;
    }
    bench.standing("created", Bench::all_sent).await;
    bench.discord.delete_all();
    bench.put("open", GENERAL, "new").await;
    bench.put_in("over", OTHER, "new", Life::Over).await;
    bench.passing("settled", async |bench| bench.count(State::Pending).await == 0).await;
    assert_eq!(bench.discord.texts(GENERAL), ["new"]);
    assert!(bench.discord.texts(OTHER).is_empty());
    assert_eq!(bench.count(State::Dropped).await, 1);
}

#[tokio::test]
async fn an_invalid_message_is_shrunk_and_at_last_replaced_by_plain_text() {
    let mut bench = Bench::new().await;
    bench.start();
    bench.put("long", GENERAL, &"a".repeat(5000)).await;
    bench.discord.fault(Fault { method: "POST", channel: OTHER, kind: Kind::Status(400, 50035), times: 2 });
    bench.put("bad", OTHER, "text").await;
    bench.passing("sent", Bench::all_sent).await;
    assert_eq!(bench.discord.texts(GENERAL), [format!("{}…", "a".repeat(1000))]);
    let whole = format!("long\n{}", "a".repeat(5000));
    assert_eq!(bench.discord.messages(GENERAL)[0]["file"], whole);
    let plain = bench.discord.messages(OTHER).remove(0);
    assert_eq!((&plain["content"], &plain["file"]), (&"bad\n-# vg-bad".into(), &"bad\ntext".into()));
}

#[tokio::test]
async fn a_401_halts_sending_for_good_and_loses_nothing() {
    let mut bench = Bench::new().await;
    bench.discord.fault(Fault { method: "POST", channel: GENERAL, kind: Kind::Status(401, 0), times: 1 });
    bench.start();
    bench.put("one", GENERAL, "text").await;
    bench.standing("halted", async |bench| bench.halt.reason().is_some()).await;
    bench.put("two", OTHER, "text").await;
    let (cancel, task) = bench.running.take().unwrap();
    cancel.cancel();
    task.await.unwrap();
    assert_eq!(bench.discord.log().len(), 1);
    assert_eq!(bench.count(State::Pending).await, 2);
    assert!(bench.complaint().contains("token_file"), "{}", bench.complaint());
}
