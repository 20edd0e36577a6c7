//! What the slash commands say, and what they say when something is wrong.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::json;
use vigie::health::{Condition, Part};

use super::{Memory, Subject, start, start_with};
use crate::{
    french::english_in,
    scripted::{Scripted, interaction, patient, until},
};

#[tokio::test]
async fn an_interaction_that_is_over_gets_its_result_in_the_channel() {
    let mut discord = Scripted::start().await;
    let over = (404, json!({ "message": "Unknown interaction", "code": 10062 }));
    discord.script("POST /interactions/700/interaction-token/callback", [over]);
    let vigie = start(&discord);
    let mut peer = discord.ready().await;
    vigie.is_up().await;
    peer.dispatch("INTERACTION_CREATE", interaction("help", "fr")).await;
    tokio::spawn(peer.attend());
    until("the result in the channel", || discord.count("POST /channels/2000/messages") == 1).await;
    assert!(vigie.halt.reason().is_none());
    assert_eq!(vigie.health.get(Part::Gateway), Condition::Ok);
}

#[tokio::test]
async fn commands_answer_in_the_callers_language_and_mention_nobody() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let mut peer = discord.ready().await;
    vigie.is_up().await;
    let mut callers = Vec::new();
    for name in ["help", "ping", "status"] {
        for locale in ["en-GB", "fr"] {
            callers.push(format!("/{name} {locale}"));
            peer.dispatch("INTERACTION_CREATE", interaction(name, locale)).await;
            until("the answer", || answers(&discord).len() == callers.len()).await;
        }
    }
    tokio::spawn(peer.attend());
    insta::with_settings!({ filters => vec![(r"\d+[.]\d ms", "[ms]"), (r"\b\d+ s\b", "[uptime]")] }, {
        insta::assert_json_snapshot!(std::iter::zip(callers, answers(&discord)).collect::<BTreeMap<_, _>>());
    });
}

/// How the gateway is once its reason has these words.
async fn gateway_says(vigie: &Subject, words: &str) -> Condition {
    let mut found = Condition::Ok;
    until(words, || {
        found = vigie.health.get(Part::Gateway);
        found.reason().is_some_and(|reason| reason.to_string().contains(words))
    })
    .await;
    found
}

/// How sessions say that they are in trouble.
async fn troubles() -> Vec<Condition> {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let peer = discord.ready().await;
    vigie.is_up().await;
    peer.close(Some(4000)).await;
    let interrupted = gateway_says(&vigie, "resuming the session").await;
    discord.script("GET /gateway/bot", vec![(503, json!({ "message": "busy", "code": 0 })); 50]);
    discord.hello().await.close(Some(1001)).await;
    let lost = gateway_says(&vigie, "the next attempt").await;
    let mut halted = Vec::new();
    for code in [4004, 4010, 4011, 4012, 4013, 4014] {
        let mut discord = Scripted::start().await;
        let vigie = start(&discord);
        discord.identified().await.close(Some(code)).await;
        patient("the end", vigie.task).await.unwrap();
        halted.push(vigie.health.get(Part::Gateway));
    }
    [interrupted, lost].into_iter().chain(halted).collect()
}

#[tokio::test]
async fn a_french_caller_reads_every_trouble_of_the_gateway_in_french() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let mut peer = discord.ready().await;
    vigie.is_up().await;
    for (answered, trouble) in troubles().await.into_iter().enumerate() {
        let english = trouble.reason().unwrap().to_string();
        assert!(!english_in(&english).is_empty(), "what is looked for is not in: {english}");
        vigie.health.set(Part::Gateway, trouble);
        peer.dispatch("INTERACTION_CREATE", interaction("status", "fr")).await;
        until("the answer", || answers(&discord).len() > answered).await;
    }
    tokio::spawn(peer.attend());
    let said: Vec<_> = answers(&discord)
        .iter()
        .map(|answer| answer["embeds"][0]["description"].as_str().unwrap().to_owned())
        .collect();
    for text in &said {
        assert_eq!(english_in(text), [""; 0], "{text}");
    }
    insta::with_settings!({ filters => vec![(r"dans \d+ s", "dans [wait]")] }, {
        insta::assert_snapshot!(said.join("\n\n"));
    });
}

/// What members saw, in the order in which it was sent.
fn answers(discord: &Scripted) -> Vec<serde_json::Value> {
    let callbacks = discord.bodies("POST /interactions/700/interaction-token/callback");
    let first = callbacks.into_iter().filter(|body| body["type"] == 4).map(|body| body["data"].clone());
    first.chain(discord.bodies("POST /webhooks/900/interaction-token")).collect()
}

#[tokio::test]
async fn a_command_that_panics_is_answered_and_touches_no_other() {
    let mut discord = Scripted::start().await;
    let backing = Arc::new(Memory { panics: true.into(), ..Memory::default() });
    let vigie = start_with(&discord, backing);
    let mut peer = discord.ready().await;
    vigie.is_up().await;
    peer.dispatch("INTERACTION_CREATE", interaction("status", "en-GB")).await;
    until("the apology", || answers(&discord).len() == 1).await;
    peer.dispatch("INTERACTION_CREATE", interaction("unknown", "fr")).await;
    until("the advice", || answers(&discord).len() == 2).await;
    tokio::spawn(peer.attend());
    let said = serde_json::to_string(&answers(&discord)).unwrap();
    assert!(said.contains("a fault of Vigie") && said.contains("Cette commande a changé"), "{said}");
    assert_eq!(vigie.health.get(Part::Gateway), Condition::Ok);
}

#[tokio::test]
async fn commands_are_described_in_both_languages() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
    insta::assert_json_snapshot!(discord.commands());
}
