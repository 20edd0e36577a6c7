//! The server at the wire: who is slow, who stays, who comes when it is full, who is there when it stops.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

use std::{io::ErrorKind, time::Duration};

use tokio::{io::AsyncWriteExt, net::TcpStream};
use vigie::web::Limits;

use crate::site::{Site, request};

const HEALTHZ: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: vigie\r\n\r\n";

#[tokio::test]
async fn a_head_that_does_not_come_whole_in_time_ends_the_connection() {
    let site = Site::start(Limits::default()).await;
    let mut wire = site.connect().await;
    wire.say(b"GET /healthz HTTP/1.1\r\nhost: vig").await;
    assert_eq!(site.pass_time_until(wire.rest()).await, b"");
}

#[tokio::test]
async fn an_idle_connection_ends_in_time() {
    let site = Site::start(Limits::default()).await;
    let mut wire = site.connect().await;
    wire.say(HEALTHZ).await;
    assert_eq!(wire.answer().await.status, 200);
    assert_eq!(site.pass_time_until(wire.rest()).await, b"");
}

#[tokio::test]
async fn a_head_of_unreasonable_size_is_refused() {
    let site = Site::start(Limits::default()).await;
    let mut wire = site.connect().await;
    wire.say(&request("GET /healthz", &[("x-large", &"x".repeat(100_000))], b"")).await;
    assert_eq!(wire.answer().await.status, 431);
}

#[tokio::test]
async fn requests_that_come_at_once_are_answered_in_order() {
    let site = Site::start(Limits::default()).await;
    let mut wire = site.connect().await;
    let requests = ["GET /healthz", "GET /nothing", "POST /healthz", "GET /readyz?for=intake"];
    wire.say(&requests.map(|line| request(line, &[], b"")).concat()).await;
    for expected in [200, 404, 405, 200] {
        assert_eq!(wire.answer().await.status, expected);
    }
}

#[tokio::test]
async fn what_is_not_http_is_refused() {
    let site = Site::start(Limits::default()).await;
    let mut wire = site.connect().await;
    wire.say(b"\x16\x03\x01 this is TLS\r\n\r\n").await;
    assert_eq!(wire.answer().await.status, 400);
}

#[tokio::test]
async fn a_connection_beyond_the_cap_waits_for_its_turn() {
    let site = Site::start(Limits { connections: 1, ..Limits::default() }).await;
    let [mut first, mut second] = [site.connect().await, site.connect().await];
    second.say(HEALTHZ).await;
    for _ in 0..3 {
        first.say(HEALTHZ).await;
        assert_eq!(first.answer().await.status, 200);
    }
    let nothing = second.0.try_read(&mut [0; 1]);
    assert_eq!(nothing.unwrap_err().kind(), ErrorKind::WouldBlock, "the only place is taken");
    drop(first);
    assert_eq!(second.answer().await.status, 200);
}

#[tokio::test]
async fn nobody_holds_a_connection_for_ever() {
    let limits = Limits { lifetime: Duration::from_secs(5), ..Limits::default() };
    let site = Site::start(limits).await;
    let mut wire = site.connect().await;
    wire.say(HEALTHZ).await;
    let mut answers = 0;
    while wire.next().await.is_some() {
        answers += 1;
        assert!(answers < 100, "the connection goes on and on");
        site.clock.advance(Duration::from_secs(1));
        if wire.0.write_all(HEALTHZ).await.is_err() {
            break;
        }
    }
}

#[tokio::test]
async fn a_stop_lets_running_requests_finish_and_takes_no_new_ones() {
    let site = Site::start(Limits::default()).await;
    let [mut idle, mut busy] = [site.connect().await, site.connect().await];
    idle.say(HEALTHZ).await;
    assert_eq!(idle.answer().await.status, 200);
    busy.say(HEALTHZ).await;
    assert_eq!(busy.answer().await.status, 200);
    // The head and half of the body are read before `100 Continue` comes back.
    busy.say(
        b"POST /hooks/gitea HTTP/1.1\r\nhost: vigie\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n",
    )
    .await;
    assert_eq!(busy.answer().await.status, 100);

    site.stop.cancel();
    assert_eq!(idle.rest().await, b"", "an idle connection ends at once");
    let refused = TcpStream::connect(site.address).await.map(drop).map_err(|error| error.kind());
    assert_eq!(refused, Err(ErrorKind::ConnectionRefused));
    busy.say(b"body").await;
    let answer = busy.last_answer().await;
    assert_eq!((answer.status, answer.header("connection")), (401, Some("close")));
    site.server.await.unwrap();
}

#[tokio::test]
async fn a_stop_cuts_what_does_not_finish_in_time() {
    let limits = Limits { drain: Duration::from_secs(1), ..Limits::default() };
    let mut site = Site::start(limits).await;
    let mut busy = site.connect().await;
    busy.say(
        b"POST /hooks/gitea HTTP/1.1\r\nhost: vigie\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n",
    )
    .await;
    assert_eq!(busy.answer().await.status, 100);
    site.stop.cancel();
    let mut server = std::mem::replace(&mut site.server, tokio::spawn(async {}));
    site.pass_time_until(&mut server).await.unwrap();
    assert_eq!(busy.rest().await, b"");
}
