//! A test for each fault of serenity 0.12 that the session meets on purpose.

use std::time::Duration;

use serde_json::json;
use vigie::{
    health::{Condition, Part},
    telemetry::KindLabel,
};

use super::{COMMANDS, start};
use crate::scripted::{Scripted, interaction, patient, until};

#[tokio::test]
async fn pitfall_1_the_proxy_is_not_ignored_since_serenitys_limiter_is_off() {
    let mut discord = Scripted::start().await;
    // With the limiter on, this and everything else would be asked of discord.com.
    let vigie = start(&discord);
    tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
    assert_eq!(discord.count("GET /gateway/bot"), 1);
    assert_eq!(discord.count(&format!("PUT {COMMANDS}")), 1);
}

#[tokio::test]
async fn pitfall_2_a_failed_discovery_does_not_lead_to_the_real_gateway() {
    let mut discord = Scripted::start().await;
    discord.script("GET /gateway", [(500, json!({}))]);
    let vigie = start(&discord);
    tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
    assert_eq!(discord.count("GET /gateway"), 1);
}

#[tokio::test]
async fn pitfall_3_a_429_only_delays_the_session() {
    let mut discord = Scripted::start().await;
    let limited = || (429, json!({ "message": "slow down", "retry_after": 0.1, "global": false }));
    discord.script("GET /gateway/bot", [limited(), limited()]);
    let vigie = start(&discord);
    tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
    assert_eq!(discord.count("GET /gateway/bot"), 3);
    assert_eq!(vigie.metrics.gateway_sessions.get(), 1);
}

#[tokio::test]
async fn pitfall_4_a_handshake_that_hangs_is_given_up_and_tried_anew() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let _silent = discord.connection().await;
    tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
    assert_eq!(vigie.metrics.gateway_sessions.get(), 2);
}

#[tokio::test]
async fn pitfall_4_a_session_without_ready_is_given_up_and_begun_anew() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let _deaf = discord.identified().await;
    tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
}

#[tokio::test]
async fn pitfall_4_vigie_stops_in_time_while_a_handshake_hangs() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let _silent = discord.connection().await;
    vigie.cancel.cancel();
    let begun = std::time::Instant::now();
    patient("the end", vigie.task).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "stopping took {:?}", begun.elapsed());
}

#[tokio::test]
async fn pitfall_5_a_close_frame_without_a_code_is_resumed_at_once() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let peer = discord.ready().await;
    vigie.is_up().await;
    peer.close(None).await;
    tokio::spawn(discord.resumed().await.attend());
    vigie.is_up().await;
    assert_eq!(vigie.metrics.gateway_sessions.get(), 1);
}

#[tokio::test]
async fn pitfall_6_code_4000_op_7_op_9_and_a_cut_connection_are_resumed() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let peer = discord.ready().await;
    vigie.is_up().await;
    peer.close(Some(4000)).await;
    let mut peer = discord.resumed().await;
    peer.send(json!({ "op": 7, "d": null })).await;
    let leaving = tokio::spawn(peer.attend());
    let mut peer = discord.resumed().await;
    assert_eq!(leaving.await.unwrap(), Some(4000), "1000 would end the session");
    peer.send(json!({ "op": 9, "d": true })).await;
    drop(peer);
    let peer = discord.resumed().await;
    drop(peer);
    tokio::spawn(discord.resumed().await.attend());
    vigie.is_up().await;
    assert_eq!(vigie.metrics.gateway_sessions.get(), 1);
}

#[tokio::test]
async fn pitfall_6_a_session_that_is_gone_is_followed_by_another() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let peer = discord.ready().await;
    vigie.is_up().await;
    peer.close(Some(4009)).await;
    let mut peer = discord.ready().await;
    peer.send(json!({ "op": 9, "d": false })).await;
    tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
    assert_eq!(vigie.metrics.gateway_sessions.get(), 3);
    assert_eq!(discord.count(&format!("PUT {COMMANDS}")), 1, "the commands did not change");
}

#[tokio::test]
async fn pitfall_6_a_silent_gateway_is_left_and_a_session_that_stays_silent_begun_anew() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let _silent = discord.unacknowledged().await;
    vigie.is_up().await;
    let mut still_silent = discord.hello().await;
    still_silent.expect(6).await;
    assert!(matches!(vigie.health.get(Part::Gateway), Condition::Waiting(_)));
    tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
    assert_eq!(vigie.metrics.gateway_sessions.get(), 2);
}

#[tokio::test]
async fn pitfall_6_every_fatal_close_code_stops_the_session_for_good_and_says_what_to_do() {
    for code in [4004, 4010, 4011, 4012, 4013, 4014] {
        let mut discord = Scripted::start().await;
        let vigie = start(&discord);
        discord.identified().await.close(Some(code)).await;
        patient("the end", vigie.task).await.unwrap();
        let reason = vigie.halt.reason().expect("Discord is left alone");
        assert!(reason.to_string().contains(&code.to_string()), "{reason}");
        assert_eq!(vigie.health.get(Part::Gateway), Condition::Failed(reason.clone()));
        assert_eq!(discord.count("GET /gateway/bot"), 1);
    }
}

#[tokio::test]
async fn pitfall_7_an_event_that_can_not_be_read_is_counted() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let mut peer = discord.ready().await;
    vigie.is_up().await;
    let mut incomplete = interaction("ping", "fr");
    incomplete.as_object_mut().unwrap().remove("attachment_size_limit");
    peer.dispatch("INTERACTION_CREATE", incomplete).await;
    peer.dispatch("SOMETHING_NEW", json!({})).await;
    tokio::spawn(peer.attend());
    let kind = KindLabel { kind: "INTERACTION_CREATE".into() };
    until("a count", || vigie.metrics.gateway_undecodable.get_or_create(&kind).get() == 1).await;
    assert!(!vigie.metrics.encode().unwrap().contains("SOMETHING_NEW"));
}

#[tokio::test]
async fn pitfall_9_a_setup_that_fails_is_followed_by_another_session() {
    let mut discord = Scripted::start().await;
    discord.script(&format!("PUT {COMMANDS}"), [(500, json!({ "message": "oops", "code": 0 }))]);
    let vigie = start(&discord);
    let deaf = tokio::spawn(discord.ready().await.attend());
    tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
    assert_eq!(deaf.await.unwrap(), Some(1000));
    assert_eq!(discord.count("GET /oauth2/applications/@me"), 0);
}
