//! Webhooks at the wire: what is taken, what is refused, and with which answer.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

use stack_sim::gitea::{Delivery, Repository, sign};
use tokio::io::AsyncWriteExt;
use vigie::web::Limits;

use crate::site::{Answer, SECRET, Site, request};

const HOOK: &str = "POST /hooks/gitea";

fn push() -> Delivery {
    Repository::new("https://git.harbor.example", "harbor/lighthouse", SECRET).push(
        "alice",
        "main",
        &["Light up"],
    )
}

async fn post(site: &Site, headers: &[(&str, &str)], body: &str) -> Answer {
    let headers = [&[("content-type", "application/json"), ("x-gitea-event-type", "push")], headers].concat();
    site.ask(HOOK, &headers, body.as_bytes()).await
}

async fn stored(site: &Site) -> usize {
    site.store.read(|store| vigie::store::inbox::pending(store, 1_000)).await.unwrap().len()
}

#[tokio::test]
async fn what_is_proven_is_stored_once() {
    let site = Site::start(Limits::default()).await;
    let push = push();
    let headers = [("x-gitea-signature", &*push.signature), ("x-gitea-delivery", &*push.id)];
    for expected in [1, 1] {
        let answer = post(&site, &headers, &push.body).await;
        assert_eq!((answer.status, &*answer.body), (204, ""));
        assert_eq!(stored(&site).await, expected);
    }
    assert_eq!((site.events("accepted"), site.events("repeat")), (1, 1));
}

#[tokio::test]
async fn a_form_is_proven_by_its_payload() {
    let site = Site::start(Limits::default()).await;
    let push = push();
    let form =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", &push.body).finish();
    let headers = |signature| {
        [
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("x-gitea-event", "push"),
            ("x-gitea-signature", signature),
        ]
    };
    let of_the_form = sign(SECRET, form.as_bytes());
    assert_eq!(site.ask(HOOK, &headers(&of_the_form), form.as_bytes()).await.status, 401);
    assert_eq!(site.ask(HOOK, &headers(&push.signature), form.as_bytes()).await.status, 204);
    assert_eq!(site.ask(HOOK, &headers(&push.signature), b"other=1").await.status, 401);
    let without = site.ask(HOOK, &headers(&sign(SECRET, b"other=1")), b"other=1").await;
    assert_eq!(without.status, 400);
    assert!(without.body.contains("'payload'"), "{}", without.body);
    assert_eq!(stored(&site).await, 1);
}

#[tokio::test]
async fn what_is_not_proven_is_refused() {
    let site = Site::start(Limits::default()).await;
    let push = push();
    for headers in [
        &[][..],
        &[("x-gitea-signature", "")],
        &[("x-gitea-signature", &sign(SECRET, b"another body"))],
        &[("x-gitea-signature", &sign("another secret", push.body.as_bytes()))],
        &[("x-gitea-signature", &format!("sha256={}", push.signature))],
    ] {
        let answer = post(&site, headers, &push.body).await;
        assert_eq!(answer.status, 401, "{headers:?}");
        assert!(!answer.body.contains(SECRET), "{}", answer.body);
    }
    assert_eq!((site.events("unauthorized"), stored(&site).await), (5, 0));
}

#[tokio::test]
async fn bad_signatures_are_limited_by_client_and_a_good_one_is_never_refused() {
    let site = Site::start(Limits::default()).await;
    let push = push();
    let mut wire = site.connect().await;
    let forged = |client| request(HOOK, &[("x-forwarded-for", client), ("x-gitea-signature", "00")], b"{}");
    for count in 1..=101 {
        wire.say(&forged("203.0.113.1")).await;
        let answer = wire.answer().await;
        assert_eq!(answer.status, if count <= 100 { 401 } else { 429 }, "bad signature {count}");
        assert_eq!(answer.header("retry-after"), (count > 100).then_some("60"));
    }
    wire.say(&forged("203.0.113.2")).await;
    assert_eq!(wire.answer().await.status, 401, "another client has its own count");
    let good = [("x-forwarded-for", "203.0.113.1"), ("x-gitea-signature", &push.signature)];
    assert_eq!(post(&site, &good, &push.body).await.status, 204);
    assert_eq!((site.events("unauthorized"), site.events("limited")), (101, 1));
}

#[tokio::test]
async fn what_gitea_does_not_send_is_refused_with_what_it_would() {
    let site = Site::start(Limits::default()).await;
    for body in ["", "{", "[]", "{}", "text", "{\"ref\": 1}"] {
        let answer = post(&site, &[("x-gitea-signature", &sign(SECRET, body.as_bytes()))], body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.body.contains("expected"), "{body}: {}", answer.body);
    }
    let push = push();
    let kindless = site.ask(HOOK, &[("x-gitea-signature", &push.signature)], push.body.as_bytes()).await;
    assert_eq!(kindless.status, 400);
    assert!(kindless.body.contains("X-Gitea-Event-Type"), "{}", kindless.body);
    assert_eq!((site.events("invalid"), stored(&site).await), (7, 0));
}

#[tokio::test]
async fn who_sends_too_much_sees_the_answer() {
    let site = Site::start(Limits::default()).await;
    // All of it is written before the answer is read, as simple senders do.
    let answer = site.ask(HOOK, &[], &vec![b'x'; 5 << 20]).await;
    assert_eq!(answer.status, 413);
    assert!(answer.body.contains("1048576"), "{}", answer.body);

    let mut wire = site.connect().await;
    wire.say(b"POST /hooks/gitea HTTP/1.1\r\nhost: vigie\r\nexpect: 100-continue\r\ncontent-length: 9999999\r\n\r\n").await;
    assert_eq!(wire.last_answer().await.status, 413, "who asks for leave to send gets none");
    assert_eq!(site.events("too_large"), 2);
}

#[tokio::test]
async fn the_largest_body_is_taken_whatever_its_framing() {
    let site = Site::start(Limits::default()).await;
    let mut wire = site.connect().await;
    let chunk = [b"100000\r\n", &vec![b' '; 1 << 20][..], b"\r\n"].concat();
    let head = format!(
        "{HOOK} HTTP/1.1\r\nhost: vigie\r\ntransfer-encoding: chunked\r\nx-gitea-event: push\r\nx-gitea-signature: {}\r\n\r\n",
        sign(SECRET, &vec![b' '; 1 << 20])
    );
    wire.say(&[head.as_bytes(), &chunk, b"0\r\n\r\n"].concat()).await;
    assert_eq!(wire.answer().await.status, 400, "it was read and proven, but spaces are no event");
    wire.say(&[head.as_bytes(), &chunk, b"1\r\n \r\n0\r\n\r\n"].concat()).await;
    assert_eq!(wire.answer().await.status, 413);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let site = Site::start(Limits::default()).await;
    let mut wire = site.connect().await;
    wire.say(b"POST /hooks/gitea HTTP/1.1\r\nhost: vigie\r\ncontent-length: 100\r\n\r\nhalf").await;
    wire.0.shutdown().await.unwrap();
    assert_eq!(wire.last_answer().await.status, 400);
    assert_eq!(site.events("invalid"), 1);
}

#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_refused() {
    let site = Site::start(Limits::default()).await;
    let mut wire = site.connect().await;
    // Time passes only once the server waits for the body.
    wire.say(
        b"POST /hooks/gitea HTTP/1.1\r\nhost: vigie\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n",
    )
    .await;
    assert_eq!(wire.answer().await.status, 100);
    wire.say(b"half").await;
    assert_eq!(site.pass_time_until(wire.last_answer()).await.status, 408);
    assert_eq!(site.events("invalid"), 1);
}

#[tokio::test]
async fn a_store_that_takes_nothing_is_our_own_trouble() {
    let site = Site::start(Limits::default()).await;
    let push = push();
    site.store.clone().close().await;
    let answer = post(&site, &[("x-gitea-signature", &push.signature)], &push.body).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("10")));
    assert_eq!(site.events("unavailable"), 1);
}

#[tokio::test]
async fn only_post_to_a_known_hook_is_heard() {
    let site = Site::start(Limits::default()).await;
    assert_eq!(site.ask("POST /hooks/other", &[], b"{}").await.status, 404);
    let answer = site.ask("GET /hooks/gitea", &[], b"").await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("post")));
}
