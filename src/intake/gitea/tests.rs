//! The readers on bodies written for this project, on real ones where they are at hand, and on what no Gitea
//! would send.

pub(crate) mod bodies;
mod damaged;

use std::fmt::Write;

use hyper::HeaderMap;
use serde_json::{Value, json};

use self::bodies::{BODIES, kind_of, real_bodies};
use super::*;
use crate::{
    event::Severity,
    intake::bodies::walk,
    subject::{Generic, RefKind, Standing, Subject, Verdict},
};

fn body(file: &str) -> Value {
    let (_, body) = BODIES.iter().find(|(name, _)| name == file).unwrap();
    serde_json::from_slice(body).unwrap()
}

fn read_value(kind: &str, body: &Value) -> Result<Event, ReadError> {
    read(kind, body.to_string().as_bytes())
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

#[test]
fn each_kind_is_read_and_its_keys_stay_what_they_are() {
    let mut table = String::new();
    for (file, body) in BODIES.iter() {
        let event = read(kind_of(file), body).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(!matches!(event.subject, Subject::Generic(_)), "{file} is not known");
        let incident = event.incident.as_deref().unwrap_or("(alone)");
        let Event { kind, object, source_key, severity, .. } = &event;
        writeln!(table, "{file}: {kind} {severity:?}\n  object   {object}\n  key      {source_key}").unwrap();
        writeln!(table, "  incident {incident}\n  labels   {:?}", event.labels).unwrap();
    }
    insta::assert_snapshot!("keys", table);
}

#[test]
fn each_fact_of_a_body_arrives() {
    for (file, body) in BODIES.iter() {
        if ["push", "pull_request.merged", "workflow_run", "package", "fork"].contains(&file.as_str()) {
            let event = read(kind_of(file), body).unwrap();
            insta::assert_json_snapshot!(file.replace('.', "_"), event);
        }
    }
}

#[test]
fn lists_and_objects_may_be_null_and_the_sender_absent() {
    for (file, text) in BODIES.iter() {
        let mut body: Value = serde_json::from_slice(text).unwrap();
        walk(&mut body, &mut |value| {
            if value.is_array() {
                *value = Value::Null;
            }
        });
        let fields = body.as_object_mut().unwrap();
        fields.remove("sender");
        fields.remove("pusher");
        for thing in ["issue", "pull_request", "release", "comment", "package"] {
            for part in ["user", "milestone", "base", "head", "owner", "author", "html_url", "body"] {
                if let Some(part) = fields.get_mut(thing).and_then(|thing| thing.get_mut(part)) {
                    *part = Value::Null;
                }
            }
        }
        let event = read_value(kind_of(file), &body).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(event.actor, None, "{file}");
    }
}

#[test]
fn a_kind_of_a_later_release_is_a_generic_event() {
    let body = json!({
        "action": "closed", "repository": body("push")["repository"], "sender": {"login": "alice"},
        "milestone": {"title": "Winter", "html_url": "https://git.harbor.example/m/5"},
    });
    let event = read_value("milestone", &body).unwrap();
    assert_eq!((event.kind.as_str(), event.repository.as_deref()), ("milestone", Some("harbor/lighthouse")));
    let title = "milestone: closed".to_owned();
    let url = Some("https://git.harbor.example/m/5".to_owned());
    assert_eq!(
        event.subject,
        Subject::Generic(Generic { firing: None, title, text: "Winter".to_owned(), url })
    );
    // Whatever its fields are.
    assert!(read_value("milestone", &json!({"repository": 7, "sender": [], "action": {}})).is_ok());
}

#[test]
fn a_wrong_body_is_refused_with_what_was_expected_and_what_came() {
    let no_repository = json!({"ref": "refs/heads/main", "before": "a", "after": "b"}).to_string();
    for (kind, body, said) in [
        (
            "push",
            "{\"ref\": \"refs/he",
            "whole JSON body of a Gitea 'push' event, but it ends at line 1 column 16",
        ),
        ("push", "", "ends at line 1 column 0"),
        ("push", "ref=refs/heads/main", "not JSON: expected value at line 1 column 1"),
        ("push", "[]", "other JSON: expected a JSON object, but it is a list"),
        ("push", " null", "other JSON: expected a JSON object, but it is null"),
        ("push", "[1, ", "whole JSON body of a Gitea 'push' event, but it ends at line 1"),
        ("fork", "{\"forkee\": 7}", "other JSON: invalid type: integer `7`, expected a JSON object"),
        ("release", "{\"release\": {\"id\": \"x\"}}", "expected a whole number"),
        ("push", &no_repository, "other JSON: missing field `repository`"),
        ("issues", "{\"hello\": \"world\"}", "other JSON: missing field `issue`"),
        ("milestone", "[1]", "other JSON: expected a JSON object, but it is a list"),
    ] {
        let error = read(kind, body.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(said), "{body}: {error}");
    }
    let long = read_value("pull_request", &json!({"number": "x".repeat(100_000)})).unwrap_err().to_string();
    assert!(long.contains("invalid type: string") && long.len() < 500, "{long}");
}

#[test]
fn the_kind_is_the_exact_one_whatever_headers_a_release_sends() {
    for (pairs, expected) in [
        (
            &[("x-gitea-event", "pull_request"), ("x-gitea-event-type", "pull_request_sync")][..],
            "pull_request_sync",
        ),
        (&[("x-gitea-event", ""), ("x-gitea-event-type", "package")], "package"),
        (&[("x-gitea-event", "push")], "push"),
        (&[("x-gogs-event", "push")], "push"),
        (&[("x-gitea-event", ""), ("x-github-event-type", "status")], "status"),
    ] {
        assert_eq!(kind(&headers(pairs)).as_deref(), Ok(expected), "{pairs:?}");
    }
    assert_eq!(kind(&HeaderMap::new()), Err(ReadError::NoKind));
    let odd = kind(&headers(&[("x-gitea-event", "push; drop")])).unwrap_err().to_string();
    assert!(odd.contains("x-gitea-event is 'push; drop'"), "{odd}");
    let delivered = headers(&[("x-gitea-delivery", " "), ("x-gogs-delivery", "f6266f16-1bf3")]);
    assert_eq!(delivery(&delivered).as_deref(), Some("f6266f16-1bf3"));
    assert_eq!(delivery(&HeaderMap::new()), None);
}

#[test]
fn the_same_content_has_the_same_key_and_other_content_another() {
    for (file, text) in BODIES.iter() {
        let kind = kind_of(file);
        let once = read(kind, text).unwrap();
        assert_eq!(read(kind, text).unwrap(), once, "{file}");
        assert!(once.source_key.starts_with(&once.object), "{file}");
    }
    let mut push = body("push");
    let there = read_value("push", &push).unwrap();
    push["before"] = there.source_key.rsplit(' ').next().unwrap().into();
    push["after"] = body("push")["before"].clone();
    let back = read_value("push", &push).unwrap();
    assert_eq!(there.object, back.object);
    assert_ne!(there.source_key, back.source_key);
    let mut issue = body("issues");
    let first = read_value("issues", &issue).unwrap();
    issue["issue"]["title"] = "Another".into();
    let second = read_value("issues", &issue).unwrap();
    assert_eq!(first.incident, second.incident);
    assert_ne!(first.source_key, second.source_key);
}

#[test]
fn a_ref_is_one_object_whichever_event_speaks_of_it() {
    let object = |file: &str| read_value(kind_of(file), &body(file)).unwrap().object;
    assert_eq!(object("push.new_branch"), "harbor/lighthouse refs/heads/fog/horn");
    assert_eq!(object("push.new_branch"), object("create"));
    assert_eq!(object("push.new_branch"), object("delete"));
    assert_eq!(object("push.tag"), object("create.tag"));
    let Subject::Push(push) = read_value("push", &body("push.new_branch")).unwrap().subject else { panic!() };
    assert_eq!((push.kind, push.name.as_str(), push.before), (RefKind::Branch, "fog/horn", None));
    assert_eq!(push.compare_url, None, "nothing can be read there");
    let Subject::Ref(made) = read_value("create", &body("create")).unwrap().subject else { panic!() };
    let page = "https://git.harbor.example/harbor/lighthouse/src/branch/fog/horn";
    assert_eq!(made.url.as_deref(), Some(page));
}

#[test]
fn a_long_push_keeps_its_newest_commits_in_order_and_their_number() {
    let mut push = body("push");
    let commits = (0..30).rev().map(|number| json!({"id": format!("c{number}"), "message": "m"})).collect();
    push["commits"] = Value::Array(commits);
    push["after"] = "c29".into();
    push["total_commits"] = 45.into();
    let Subject::Push(push) = read_value("push", &push).unwrap().subject else { panic!() };
    let ids: Vec<_> = push.commits.iter().map(|commit| commit.id.as_str()).collect();
    assert_eq!((ids.len(), ids[0], ids[19], push.total), (20, "c10", "c29", 45));
}

#[test]
fn a_review_is_told_by_either_spelling() {
    for (kind, said, verdict) in [
        ("pull_request_review_approved", "approved", Verdict::Approved),
        ("pull_request_approved", "pull_request_review_approved", Verdict::Approved),
        ("pull_request_rejected", "", Verdict::Rejected),
        ("pull_request_comment", "pull_request_comment", Verdict::Commented),
        ("pull_request", "rejected", Verdict::Rejected),
    ] {
        let mut body = body("pull_request_review_approved");
        body["review"]["type"] = said.into();
        let event = read_value(kind, &body).unwrap();
        let Subject::Review(review) = event.subject else { panic!("{kind}: {:?}", event.subject) };
        assert_eq!((review.verdict, event.kind.as_str()), (verdict, "pull_request_review"), "{kind} {said}");
    }
    let comment = read_value("pull_request_comment", &body("pull_request_comment")).unwrap();
    assert!(matches!(comment.subject, Subject::Comment(comment) if comment.on_pull_request));
}

#[test]
fn a_pull_request_is_one_incident_all_its_life() {
    let life: Vec<_> = BODIES
        .iter()
        .map(|(file, _)| file)
        .filter(|file| file.starts_with("pull_request") && !file.contains("comment"))
        .map(|file| (file, read_value(kind_of(file), &body(file)).unwrap()))
        .filter(|(_, event)| event.incident.is_some())
        .collect();
    assert_eq!(life.len(), 8);
    for (file, event) in &life {
        assert_eq!(
            (event.kind.as_str(), event.incident.as_deref()),
            ("pull_request", Some("harbor/lighthouse#42")),
            "{file}"
        );
    }
    let merged = read_value("pull_request", &body("pull_request.merged")).unwrap();
    assert!(matches!(merged.subject, Subject::PullRequest(pull) if pull.standing == Standing::Merged));
}

#[test]
fn what_failed_is_a_warning() {
    for (state, severity) in
        [("failure", Severity::Warning), ("error", Severity::Warning), ("pending", Severity::Info)]
    {
        let mut status = body("status");
        status["state"] = state.into();
        assert_eq!(read_value("status", &status).unwrap().severity, severity, "{state}");
        let mut run = body("workflow_run");
        run["workflow_run"]["conclusion"] = state.into();
        assert_eq!(read_value("workflow_run", &run).unwrap().severity, severity, "{state}");
    }
}

#[test]
fn only_addresses_that_can_be_followed_are_kept() {
    for (address, kept) in [
        ("https://ci.harbor.example/88?a=b c", Some("https://ci.harbor.example/88?a=b%20c")),
        ("javascript:alert(1)", None),
        ("/harbor/lighthouse/actions/runs/1", None),
        ("", None),
    ] {
        let mut status = body("status");
        status["target_url"] = address.into();
        let Subject::Status(status) = read_value("status", &status).unwrap().subject else { panic!() };
        assert_eq!(status.url.as_deref(), kept);
    }
}

#[test]
fn an_event_is_small_however_large_its_body_is() {
    let long = "é".repeat(7_000);
    for (file, text) in BODIES.iter() {
        let mut body: Value = serde_json::from_slice(text).unwrap();
        walk(&mut body, &mut |value| match value {
            Value::Array(items) if !items.is_empty() => *items = vec![items[0].clone(); 60],
            Value::String(text) => text.push_str(&long),
            _ => {}
        });
        let event = read_value(kind_of(file), &body).unwrap_or_else(|error| panic!("{file}: {error}"));
        let size = serde_json::to_vec(&event).unwrap().len();
        assert!(size < 100_000, "{file}: {size} bytes");
        assert!(event.source_key.len() <= 500 && event.object.len() <= 500, "{file}");
    }
}

#[test]
fn real_bodies_are_read() {
    let Some(bodies) = real_bodies("real_bodies_are_read") else { return };
    for (name, kind, body) in &bodies {
        let event = read(kind, body).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!matches!(event.subject, Subject::Generic(_)), "{name}");
        assert!(event.actor.is_some() && event.repository.is_some(), "{name}");
    }
    assert_eq!(bodies.len(), 36);
}
