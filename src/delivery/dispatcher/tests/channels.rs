//! Each channel keeps its order and waits for itself only.

use super::*;

#[tokio::test]
async fn a_channel_keeps_its_order_whatever_fails() {
    let mut bench = Bench::new().await;
    for (kind, times) in [(Kind::Status(500, 0), 2), (Kind::DropAnswer, 1), (Kind::RateLimit("user", 0.5), 1)]
    {
        bench.discord.fault(Fault { method: "POST", channel: GENERAL, kind, times });
    }
    bench.start();
    let names = ["a", "b", "c", "d"];
    for name in names {
        bench.put(name, GENERAL, name).await;
    }
    bench.passing("all sent", Bench::all_sent).await;
    assert_eq!(bench.discord.texts(GENERAL), names);
}

#[tokio::test]
async fn a_hung_or_limited_channel_holds_up_no_other() {
    for kind in [Kind::Hang, Kind::RateLimit("user", 3600.0)] {
        let mut bench = Bench::new().await;
        bench.discord.fault(Fault { method: "POST", channel: GENERAL, kind, times: 1 });
        bench.start();
        bench.put("stuck", GENERAL, "stuck").await;
        bench.standing("stuck", async |bench| !bench.discord.log().is_empty()).await;
        for name in ["a", "b", "c"] {
            bench.put(name, OTHER, name).await;
        }
        bench.standing("others", async |bench| bench.discord.texts(OTHER) == ["a", "b", "c"]).await;
        assert!(bench.discord.texts(GENERAL).is_empty());
    }
}

#[tokio::test]
async fn changes_that_come_faster_than_they_can_be_sent_become_one_edit() {
    let mut bench = Bench::new().await;
    bench.start();
    bench.put("pr", GENERAL, "0").await;
    bench.standing("created", Bench::all_sent).await;
    bench.discord.fault(Fault {
        method: "PATCH",
        channel: GENERAL,
        kind: Kind::RateLimit("user", 60.0),
        times: 1,
    });
    for version in 1..=20 {
        bench.put("pr", GENERAL, &version.to_string()).await;
    }
    bench.put("new", GENERAL, "not held up by an edit").await;
    bench.passing("edited", Bench::all_sent).await;
    assert_eq!(bench.discord.texts(GENERAL), ["20", "not held up by an edit"]);
    let edits = bench.discord.log().iter().filter(|line| line.starts_with("PATCH")).count();
    assert!(edits <= 3, "{edits} edits");
}

#[tokio::test]
async fn a_channel_that_refuses_the_bot_is_parked_and_resumes_by_itself() {
    for (code, said) in [(50001, "VIEW_CHANNEL"), (50013, "SEND_MESSAGES"), (10003, "[[routes]]")] {
        let mut bench = Bench::new().await;
        bench.discord.fault(Fault {
            method: "POST",
            channel: GENERAL,
            kind: Kind::Status(403, code),
            times: 2,
        });
        bench.start();
        for name in ["a", "b"] {
            bench.put(name, GENERAL, name).await;
        }
        bench.standing("said", async |bench| bench.complaint().contains(said)).await;
        bench.put("c", GENERAL, "c").await;
        bench.put("elsewhere", OTHER, "elsewhere").await;
        bench.standing("other", async |bench| !bench.discord.texts(OTHER).is_empty()).await;
        assert_eq!(bench.discord.attempts(GENERAL), 1, "a parked channel is left alone");
        bench.clock.advance(RECHECK);
        bench.standing("tried again", async |bench| bench.discord.attempts(GENERAL) == 2).await;
        bench.standing("parked again", async |bench| bench.count(State::Parked).await == 3).await;
        bench.clock.advance(RECHECK);
        bench.standing("resumed", async |bench| bench.discord.texts(GENERAL).len() == 3).await;
        assert_eq!(bench.discord.texts(GENERAL), ["a", "b", "c"]);
        bench.standing("well", async |bench| bench.complaint().is_empty()).await;
    }
}
