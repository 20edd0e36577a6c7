//! What is shown of Vigie's state, and to whom.

use std::time::Duration;

use vigie::{
    health::{Condition, Part},
    reason::Reason,
    web::Limits,
};

use crate::site::Site;

const PROXIED: &[(&str, &str)] = &[("x-forwarded-for", "203.0.113.1")];

async fn troubled() -> Site {
    let site = Site::start(Limits::default()).await;
    site.health.set(Part::Store, Condition::Warning(Reason::new("store-disk-full")));
    let answered = Reason::new("discord-answered").with("answer", "<b>no</b>");
    site.health.set(Part::Gateway, Condition::Failed(answered));
    site
}

#[tokio::test]
async fn readiness_names_a_reason_for_each_part() {
    let site = troubled().await;
    let whole = site.ask("GET /readyz", &[], b"").await;
    let intake = site.ask("GET /readyz?for=intake", &[], b"").await;
    insta::assert_snapshot!(format!("{} {}\n{} {}", whole.status, whole.body, intake.status, intake.body));
    assert_eq!(site.ask("GET /readyz?for=tea", &[], b"").await.status, 400);
    site.health.set(Part::Gateway, Condition::Ok);
    assert_eq!(site.ask("GET /readyz", &[], b"").await.status, 200);
    site.health.set(Part::Store, Condition::Failed(Reason::new("store-disk-full")));
    assert_eq!(site.ask("GET /readyz?for=intake", &[], b"").await.status, 503);
}

#[tokio::test]
async fn through_a_proxy_only_readiness_shows() {
    let site = troubled().await;
    for path in ["/", "/style.css", "/metrics"] {
        let answer = site.ask(&format!("GET {path}"), PROXIED, b"").await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.body.contains("local callers"), "{}", answer.body);
    }
    let readiness = site.ask("GET /readyz", PROXIED, b"").await;
    assert_eq!((readiness.status, &*readiness.body), (503, r#"{"ready":false}"#));
    assert_eq!(site.ask("GET /healthz", PROXIED, b"").await.status, 200);
}

#[tokio::test]
async fn metrics_come_in_the_format_that_they_name() {
    let site = Site::start(Limits::default()).await;
    let answer = site.ask("GET /metrics", &[], b"").await;
    let content_type = answer.header("content-type");
    assert_eq!(content_type, Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    assert!(answer.body.ends_with("# EOF\n"), "{}", answer.body);
}

#[tokio::test]
async fn the_page_shows_each_part_and_what_to_do() {
    let site = troubled().await;
    site.clock.advance(Duration::from_secs(90_061));
    let page = site.ask("GET /", &[], b"").await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert_eq!(site.ask("GET /style.css", &[], b"").await.status, 200);
    let filters = [(r"\d+ MB", "N MB"), (r"Version [^ ,]+", "Version V"), ("><", ">\n<")];
    insta::with_settings!({ filters => filters }, { insta::assert_snapshot!(page.body) });
}
