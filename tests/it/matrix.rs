//! Each fault of Discord against each kind of message: in the end each stands there once, in its newest version; no
//! rate limit was passed that Discord had told of; what Discord counts as invalid is counted.

mod faults;
mod scene;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use harness::{FALLBACK, eventually, patiently};
use serde_json::{Value, json};
use tokio::{
    sync::Semaphore,
    task::{JoinSet, LocalSet, spawn_local},
};

use self::{
    faults::{Effect, Fault},
    scene::{CHANNEL, Kind, Scene},
};
use crate::hold_against_discord;

/// How many cells are played at once.
const AT_ONCE: usize = 16;
/// What a 429 of shared scope says, which Discord does not count.
const SHARED: &str = "The resource is being rate limited.";
/// How long Vigie has to come to where it waits.
const TURN: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_discord_leaves_each_kind_of_message_as_it_should_be() {
    let failed = LocalSet::new().run_until(play_all()).await;
    assert!(failed.is_empty(), "{} cells failed:\n{}", failed.len(), failed.join("\n\n"));
}

/// Plays all cells; what is wrong with which.
async fn play_all() -> Vec<String> {
    let (mut cells, free) = (JoinSet::new(), Arc::new(Semaphore::new(AT_ONCE)));
    for kind in Kind::ALL {
        for fault in faults::all() {
            let free = Arc::clone(&free);
            cells.spawn_local(async move {
                let _permit = free.acquire_owned().await;
                let name = format!("{kind:?} × {}", fault.name);
                let played = spawn_local(async move { play(kind, &fault).await }).await;
                let wrong = played.unwrap_or_else(|panic| Err(panic.to_string())).err()?;
                Some(format!("{name}: {wrong}"))
            });
        }
    }
    cells.join_all().await.into_iter().flatten().collect()
}

/// One cell; what is wrong with it.
async fn play(kind: Kind, fault: &Fault) -> Result<(), String> {
    let scene = Scene::new(kind).await;
    // Only a session that stands can be struck, and one that begins asks for this and that.
    scene.vigie.ready().await;
    let (method, path) = scene.strikes().await;
    if fault.strikes_requests() {
        scene.lab.fault(fault.kind, method, &path, fault.more.clone()).await;
    } else {
        let mut order = fault.more.clone();
        order["kind"] = fault.kind.into();
        scene.lab.sim("faults", &order).await;
    }
    scene.act().await;
    struck(&scene, fault).await;
    if kind.answers_a_command() {
        works_on(&scene).await?;
    } else if fault.effect == Effect::Halts {
        is_left_alone(&scene).await?;
    } else {
        ends(&scene, fault).await?;
        scene.repair().await;
    }
    let (invalid, beyond) = counts(&requests(&scene).await);
    if beyond > 0 {
        return Err(format!("{beyond} requests beyond a limit that Discord had told of"));
    }
    let counted = scene.vigie.metric("vigie_discord_invalid_requests_total").await;
    // What answers a command is not sent by the outbox, which counts.
    if !kind.answers_a_command() && counted.total_cmp(&f64::from(invalid)).is_ne() {
        return Err(format!("{invalid} invalid requests, counted as {counted}"));
    }
    hold_against_discord(&scene.lab).await;
    scene.vigie.stop().await;
    Ok(())
}

/// What went over the REST API.
async fn requests(scene: &Scene) -> Vec<Value> {
    scene.lab.log().await.as_array().cloned().unwrap_or_default()
}

/// Waits until the fault has struck.
async fn struck(scene: &Scene, fault: &Fault) {
    eventually(&format!("{} strikes", fault.name), async || {
        if fault.strikes_requests() {
            requests(scene).await.iter().any(|one| one["fault"] == fault.kind).then_some(())
        } else {
            (scene.lab.sim_get("faults").await == json!([])).then_some(())
        }
    })
    .await;
}

/// Waits until all is shown as it should be and nothing waits to be sent.
async fn ends(scene: &Scene, fault: &Fault) -> Result<(), String> {
    let mut moved = Instant::now();
    let as_it_should_be = async || {
        // What Vigie waits for takes its time, once it waits.
        if moved.elapsed() > TURN {
            scene.vigie.clock.advance(fault.lasts);
            moved = Instant::now();
        }
        scene.shown(&scene.end(fault).await).await?;
        if !settled(scene).await {
            return Err("something waits still".to_owned());
        }
        // Nothing came between.
        scene.shown(&scene.end(fault).await).await
    };
    patiently(as_it_should_be).await
}

async fn settled(scene: &Scene) -> bool {
    let inbox = scene.vigie.metric("vigie_inbox_pending").await;
    let outbox = scene.vigie.metric("vigie_outbox_messages{state=\"pending\"}").await;
    (inbox + outbox).total_cmp(&0.0).is_eq()
}

/// A command is answered and a message is shown after one whose answer was in trouble, of which there are no two.
async fn works_on(scene: &Scene) -> Result<(), String> {
    eventually("a command is answered", async || {
        let seen = scene.lab.command("4000", "help", "final").await;
        seen["messages"].to_string().contains("/ping").then_some(())
    })
    .await;
    scene.told(&scene::alert("storm", 1)).await;
    eventually("a message is shown", async || scene.shown(&[(CHANNEL, vec!["Lamp 1"])]).await.ok()).await;
    let channel = scene.lab.messages(FALLBACK).await;
    if channel.len() > 1 {
        Err(format!("answered more than once in the channel: {channel:#?}"))
    } else {
        Ok(())
    }
}

/// The token is refused: nothing more is sent, and intake goes on.
async fn is_left_alone(scene: &Scene) -> Result<(), String> {
    scene.vigie.unready("token_file").await;
    let sent = requests(scene).await.len();
    scene.told(&scene::alert("storm", 7)).await;
    scene.vigie.reaches("vigie_inbox_pending", 0.0).await;
    scene.vigie.clock.advance(Duration::from_mins(2));
    scene.told(&scene::alert("storm", 8)).await;
    scene.vigie.reaches("vigie_inbox_pending", 0.0).await;
    let more = requests(scene).await.split_off(sent);
    if more.is_empty() { Ok(()) } else { Err(format!("sent with a refused token: {more:#?}")) }
}

/// How many answers Discord counts as invalid, and how many requests met a limit that no fault made up.
fn counts(requests: &[Value]) -> (u32, usize) {
    let is_invalid = |one: &&Value| match one["status"].as_u64() {
        Some(401 | 403) => true,
        Some(429) => one["answer"]["message"] != SHARED,
        _ => false,
    };
    let beyond = requests.iter().filter(|one| one["status"] == 429 && one["fault"].is_null());
    (u32::try_from(requests.iter().filter(is_invalid).count()).unwrap(), beyond.count())
}
