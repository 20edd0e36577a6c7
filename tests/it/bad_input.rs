//! Whatever is thrown at it: the right refusal, and an accepted event is never lost for it.

use std::os::unix::fs::PermissionsExt;

use harness::{FALLBACK, Lab, SECRET, eventually};
use hyper::Method;
use stack_sim::gitea::{Repository, sign};

use crate::vigie;

async fn post(
    lab: &Lab,
    origin: &str,
    headers: &[(&str, &str)],
    body: impl Into<bytes::Bytes>,
) -> (u16, String) {
    let mut all = vec![("content-type", "application/json"), ("x-gitea-event", "push")];
    all.extend_from_slice(headers);
    let answer = lab.client.request(Method::POST, &format!("{origin}/hooks/gitea"), &all, body).await;
    (answer.status, answer.text())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_bad_hook_has_its_answer() {
    let lab = Lab::new(1).await;
    let vigie = lab.vigie(vigie()).await;
    let origin = &vigie.origin;
    let signed = |body: &str| sign(SECRET, body.as_bytes());

    assert_eq!(post(&lab, origin, &[], "{}").await.0, 401, "no signature");
    assert_eq!(post(&lab, origin, &[("x-gitea-signature", "")], "{}").await.0, 401, "an empty signature");
    assert_eq!(
        post(&lab, origin, &[("x-gitea-signature", &signed("{ }"))], "{}").await.0,
        401,
        "a wrong one"
    );
    for (body, expected) in [("{}", "missing"), ("[1]", "expected"), ("{\"ref\":", "JSON")] {
        let (status, text) = post(&lab, origin, &[("x-gitea-signature", &signed(body))], body).await;
        assert_eq!(status, 400, "{body}");
        assert!(text.contains(expected), "{body}: {text}");
    }
    let large = "x".repeat(2 << 20);
    assert_eq!(post(&lab, origin, &[("x-gitea-signature", &signed(&large))], large).await.0, 413);
    assert_eq!(lab.client.get(&format!("{origin}/hooks/gitea")).await.status, 405);
    assert_eq!(lab.client.request(Method::POST, &format!("{origin}/hooks/other"), &[], "").await.status, 404);

    let push = Repository::new("https://git.harbor.example", "harbor/lighthouse", SECRET).push(
        "alice",
        "main",
        &["Still here"],
    );
    assert_eq!(vigie.post(&push).await, Some(204));
    eventually("the good push is shown", async || {
        (lab.messages(FALLBACK + 1).await.len() == 1).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_signatures_are_limited_and_a_good_one_is_never_refused() {
    let lab = Lab::new(1).await;
    let vigie = lab.vigie(vigie()).await;
    let mut statuses = Vec::new();
    for _ in 0..105 {
        statuses.push(post(&lab, &vigie.origin, &[("x-gitea-signature", "00")], "{}").await.0);
    }
    assert!(statuses[..100].iter().all(|status| *status == 401), "{statuses:?}");
    assert!(statuses[100..].iter().all(|status| *status == 429), "{statuses:?}");
    let push = Repository::new("https://git.harbor.example", "harbor/lighthouse", SECRET).push(
        "alice",
        "main",
        &["Fine"],
    );
    assert_eq!(vigie.post(&push).await, Some(204));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_signed_over_its_payload() {
    let lab = Lab::new(1).await;
    let vigie = lab.vigie(vigie()).await;
    let push = Repository::new("https://git.harbor.example", "harbor/lighthouse", SECRET).push(
        "alice",
        "main",
        &["By form"],
    );
    let encoded = push.body.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("x-gitea-event", "push"),
        ("x-gitea-delivery", &push.id),
        ("x-gitea-signature", &push.signature),
    ];
    let url = format!("{}/hooks/gitea", vigie.origin);
    let answer = lab.client.request(Method::POST, &url, &headers, format!("payload={encoded}")).await;
    assert_eq!(answer.status, 204, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_is_private() {
    let lab = Lab::new(1).await;
    let _vigie = lab.vigie(vigie()).await;
    for file in ["vigie.db", "vigie.db-wal", "vigie.db-shm"] {
        let mode = std::fs::metadata(lab.folder().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}
