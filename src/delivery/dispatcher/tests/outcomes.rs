//! Whatever becomes of a request, its message shows once.

use super::*;

#[tokio::test]
async fn every_fault_ends_with_exactly_one_message() {
    let kinds = [
        Kind::DropAnswer,
        Kind::Cut,
        Kind::Hang,
        Kind::Status(500, 0),
        Kind::Status(503, 0),
        Kind::Status(429, 30046),
        Kind::RateLimit("user", 1.5),
        Kind::RateLimit("shared", 1.5),
        Kind::RateLimit("global", 1.5),
    ];
    for kind in kinds {
        for times in [1, 3] {
            let mut bench = Bench::new().await;
            bench.discord.fault(Fault { method: "POST", channel: GENERAL, kind, times });
            bench.start();
            bench.put("one", GENERAL, "text").await;
            bench.passing(&format!("{kind:?} {times} times"), Bench::all_sent).await;
            assert_eq!(bench.discord.texts(GENERAL), ["text"], "{kind:?} {times} times");
        }
    }
}

#[tokio::test]
async fn killed_after_the_create_acted_the_next_start_shows_nothing_twice() {
    for minutes in [0, 10] {
        let mut bench = Bench::new().await;
        bench.discord.fault(Fault { method: "POST", channel: GENERAL, kind: Kind::ActAndHang, times: 1 });
        bench.start();
        bench.put("one", GENERAL, "old").await;
        bench.standing("created", async |bench| bench.discord.texts(GENERAL) == ["old"]).await;
        bench.kill().await;
        bench.put("one", GENERAL, "new").await;
        bench.clock.advance(Duration::from_mins(minutes));
        bench.start();
        bench.passing("sent", Bench::all_sent).await;
        assert_eq!(bench.discord.texts(GENERAL), ["new"], "after {minutes} minutes");
        let looked = bench.discord.log().iter().any(|line| line.contains("messages?after="));
        assert_eq!(looked, minutes == 10, "the channel is searched only when the nonce may be forgotten");
    }
}

#[tokio::test]
async fn killed_before_the_create_acted_the_next_start_sends_it() {
    for minutes in [0, 10] {
        let mut bench = Bench::new().await;
        bench.discord.fault(Fault { method: "POST", channel: GENERAL, kind: Kind::Hang, times: 1 });
        bench.start();
        bench.put("one", GENERAL, "text").await;
        bench.standing("asked", async |bench| !bench.discord.log().is_empty()).await;
        bench.kill().await;
        bench.clock.advance(Duration::from_mins(minutes));
        // Others have written meanwhile, quoting the reference.
        bench.discord.chatter(GENERAL, "where is vg-one?", 150);
        bench.start();
        bench.passing("sent", Bench::all_sent).await;
        assert_eq!(bench.discord.texts(GENERAL), ["text"], "after {minutes} minutes");
    }
}

#[tokio::test]
async fn without_the_right_to_read_history_nothing_is_sent_blindly() {
    let mut bench = Bench::new().await;
    bench.discord.fault(Fault { method: "POST", channel: GENERAL, kind: Kind::ActAndHang, times: 1 });
    bench.discord.hide_history(GENERAL);
    bench.start();
    bench.put("one", GENERAL, "text").await;
    bench.standing("created", async |bench| bench.discord.texts(GENERAL) == ["text"]).await;
    bench.kill().await;
    bench.clock.advance(Duration::from_mins(10));
    bench.start();
    bench.standing("said", async |bench| bench.complaint().contains("READ_MESSAGE_HISTORY")).await;
    assert_eq!(bench.count(State::Parked).await, 1);
    bench.discord.show_history(GENERAL);
    bench.passing("sent", Bench::all_sent).await;
    assert_eq!(bench.discord.texts(GENERAL), ["text"]);
    bench.standing("well", async |bench| bench.complaint().is_empty()).await;
}

#[tokio::test]
async fn a_message_that_was_deleted_before_its_outcome_was_known_is_sent_anew() {
    for minutes in [0, 10] {
        let mut bench = Bench::new().await;
        bench.discord.fault(Fault { method: "POST", channel: GENERAL, kind: Kind::ActAndHang, times: 1 });
        bench.start();
        bench.put("one", GENERAL, "text").await;
        bench.standing("created", async |bench| bench.discord.texts(GENERAL) == ["text"]).await;
        bench.kill().await;
        bench.discord.delete_all();
        bench.clock.advance(Duration::from_mins(minutes));
        bench.start();
        bench.passing("sent", Bench::all_sent).await;
        assert_eq!(bench.discord.texts(GENERAL), ["text"], "after {minutes} minutes");
    }
}

#[tokio::test]
async fn it_ends_with_the_answer_of_what_is_under_way() {
    let mut bench = Bench::new().await;
    bench.discord.fault(Fault { method: "POST", channel: GENERAL, kind: Kind::ActAndHang, times: 1 });
    bench.start();
    for name in ["a", "b"] {
        bench.put(name, GENERAL, name).await;
    }
    bench.standing("under way", async |bench| !bench.discord.texts(GENERAL).is_empty()).await;
    let (cancel, task) = bench.running.take().unwrap();
    cancel.cancel();
    bench.clock.advance(Duration::from_secs(10));
    task.await.unwrap();
    assert_eq!(bench.discord.texts(GENERAL), ["a"], "nothing new was begun");
    bench.start();
    bench.passing("sent", Bench::all_sent).await;
    assert_eq!(bench.discord.texts(GENERAL), ["a", "b"]);
}
