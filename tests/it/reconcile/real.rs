//! A real Gitea: what its feeds tell is what its webhooks told.

use std::time::Duration;

use harness::{eventually, real::Gitea};
use hyper::Method;
use serde_json::{Value, json};

use super::scene::{CHANNEL, Scene};
use crate::{inside::Inside, real::program};

/// The numbers of the feed's activities after `mark`, newest first.
async fn activities(gitea: &Gitea, mark: i64) -> Vec<i64> {
    let feed = "repos/alice/lighthouse/activities/feeds?limit=50";
    let feed: Vec<Value> = serde_json::from_value(gitea.call(Method::GET, feed, &Value::Null).await).unwrap();
    feed.iter().map(|one| one["id"].as_i64().unwrap()).filter(|id| *id > mark).collect()
}

/// Everything that a feed can tell, once; `nth` keeps it apart from the last time.
async fn everything(gitea: &Gitea, nth: u8) {
    let repository = "repos/alice/lighthouse";
    let file = |name: &str, branch: Value| json!({ "content": "TGlnaHQK", "message": format!("Add {name} {nth}"), "branch": "main", "new_branch": branch });
    let post = async |path: &str, body: Value| {
        gitea.call(Method::POST, &format!("{repository}/{path}"), &body).await
    };
    post(&format!("contents/wick-{nth}"), file("the wick", Value::Null)).await;
    post(&format!("contents/lens-{nth}"), file("the lens", json!(format!("lamp-{nth}")))).await;
    let pull = json!({ "title": format!("A lamp {nth}"), "head": format!("lamp-{nth}"), "base": "main" });
    let pull = post("pulls", pull).await["number"].to_string();
    let issue = post("issues", json!({ "title": format!("A dark spot {nth}") })).await["number"].to_string();
    post(&format!("issues/{issue}/comments"), json!({ "body": format!("Still dark {nth}") })).await;
    post(&format!("issues/{pull}/comments"), json!({ "body": format!("Shines {nth}") })).await;
    let review = json!({ "event": "COMMENT", "body": format!("Polish it {nth}") });
    post(&format!("pulls/{pull}/reviews"), review).await;
    let issue = format!("{repository}/issues/{issue}");
    gitea.call(Method::PATCH, &issue, &json!({ "state": "closed" })).await;
    let path = format!("{repository}/pulls/{pull}");
    eventually("Gitea has found out that it can be merged", async || {
        gitea.call(Method::GET, &path, &Value::Null).await["mergeable"].as_bool().filter(|it| *it)
    })
    .await;
    post(&format!("pulls/{pull}/merge"), json!({ "Do": "merge" })).await;
    post("tags", json!({ "tag_name": format!("t{nth}"), "target": "main" })).await;
    let release =
        json!({ "tag_name": format!("v{nth}"), "name": format!("Bright {nth}"), "target_commitish": "main" });
    post("releases", release).await;
    gitea.call(Method::DELETE, &format!("{repository}/branches/lamp-{nth}"), &Value::Null).await;
}

/// What a message says, but for what no two happenings share: numbers, hashes with their links, and that it is late.
fn form(message: &Value) -> String {
    let embed = &message["embeds"][0];
    let lines = [&embed["title"], &embed["description"]].into_iter().filter_map(Value::as_str);
    let words = lines
        .flat_map(str::lines)
        .filter(|line| !line.contains("Found late"))
        .flat_map(str::split_whitespace)
        .filter(|word| !word.contains('`'));
    let form: Vec<String> =
        words.map(|word| word.replace(|c: char| c.is_ascii_digit(), "").replace("()", "")).collect();
    form.join(" ")
}

async fn forms(scene: &Scene, skip: usize, count: usize) -> Vec<String> {
    let messages = scene.shown(CHANNEL, skip + count).await;
    let mut forms: Vec<_> = messages[skip..].iter().map(form).collect();
    forms.sort();
    forms
}

/// Waits until all that [`everything`] did is told; meanwhile the clock of `asking` goes on.
async fn told(scene: &Scene, nth: u8, asking: Option<&Inside>) {
    let names =
        ["lamp-", "A lamp ", "A dark spot ", "Still dark ", "Shines ", "Polish it ", "t", "v", "Bright "];
    let last = [format!("Branch lamp-{nth} deleted"), format!("Merge pull request 'A lamp {nth}'")];
    let expected: Vec<String> = names.iter().map(|name| format!("{name}{nth}")).chain(last).collect();
    let (mut missing, mut same) = (Vec::new(), 0);
    let all_is_told = async || {
        let text = json!(scene.lab.messages(CHANNEL).await).to_string();
        let still: Vec<_> = expected.iter().filter(|one| !text.contains(*one)).cloned().collect();
        same = if still == missing { same + 1 } else { 0 };
        if same == 0 {
            eprintln!("still missing: {still:?}");
            missing = still;
        }
        if let Some(vigie) = asking.filter(|_| same % 40 == 39) {
            vigie.clock.advance(Duration::from_secs(61));
        }
        missing.is_empty().then_some(())
    };
    eventually("all is told", all_is_told).await;
}

/// Waits until nothing more comes of three minutes; how many messages are shown.
async fn quiet(scene: &Scene, vigie: &Inside) -> usize {
    let shown = async || {
        let messages = scene.lab.messages(CHANNEL).await;
        messages.iter().filter(|message| message["message_reference"].is_null()).count()
    };
    for _ in 0..3 {
        vigie.clock.advance(Duration::from_secs(61));
        let mut last = (0, 0);
        eventually("nothing more is shown", async || {
            let now = shown().await;
            last = if last.0 == now { (now, last.1 + 1) } else { (now, 0) };
            (last.1 > 200).then_some(())
        })
        .await;
    }
    shown().await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "real programs keep real time: by itself, see CONTRIBUTING.md"]
async fn the_feeds_of_a_real_gitea_tell_what_its_webhooks_told() {
    let Some(program) = program(&["gitea"]) else { return };
    let gitea = Gitea::start(&program).await;
    let mut scene = Scene::new().await;
    scene.asks_gitea_at(&gitea.origin, &gitea.token);
    let vigie = scene.vigie(&["gitea"]).await;
    vigie.ready().await;
    gitea.tells(&vigie.origin).await;
    eventually("the feed is read for the first time", async || {
        let store = rusqlite::Connection::open(scene.lab.folder().join("vigie.db")).unwrap();
        let sql = "SELECT value LIKE '%\"1\":{%' FROM meta WHERE key = 'reconcile gitea'";
        store.query_row(sql, [], |row| row.get(0)).ok().filter(|read: &bool| *read)
    })
    .await;

    let before = activities(&gitea, 0).await.into_iter().max().unwrap();
    everything(&gitea, 1).await;
    told(&scene, 1, None).await;
    let shown = quiet(&scene, &vigie).await;
    let metrics = vigie.get("/metrics").await.text();
    assert!(!metrics.contains("outcome=\"found\""), "nothing was missed: {metrics}");
    let by_webhook = forms(&scene, 0, shown).await;
    scene.away(vigie, Duration::from_mins(3)).await;

    let first = activities(&gitea, before).await;
    everything(&gitea, 2).await;
    // Vigie's clock is far ahead: it leaves Gitea no time to write down what belongs together.
    eventually("Gitea has written all of it down", async || {
        let second = activities(&gitea, *first.iter().max().unwrap()).await;
        (second.len() == first.len()).then_some(())
    })
    .await;
    let vigie = scene.vigie(&["gitea"]).await;
    told(&scene, 2, Some(&vigie)).await;
    let all = quiet(&scene, &vigie).await;
    let by_feed = forms(&scene, shown, all - shown).await;
    assert_eq!(by_feed, by_webhook);
}
