//! The reader on bodies written for this project after Kuma's source, in each mode.

use hyper::HeaderMap;
use serde_json::{Value, json};

use super::*;
use crate::{
    incident::{Deed, Detail, Incident, Life, Notice, route::Decision},
    intake::bodies,
};

fn body(file: &str) -> Value {
    let all = bodies::all("kuma");
    serde_json::from_slice(&all.iter().find(|(name, _)| name == file).unwrap().1).unwrap()
}

fn come(query: Option<&str>, body: &[u8]) -> Result<Arrival, String> {
    arrival(&Request { name: "", headers: &HeaderMap::new(), query, body })
}

fn take(body: &Value) -> Event {
    read(&come(None, body.to_string().as_bytes()).unwrap().body).unwrap()
}

fn refusal(body: &str) -> String {
    come(None, body.as_bytes()).unwrap_err()
}

#[test]
fn each_fact_of_a_body_arrives() {
    for (file, body) in bodies::all("kuma") {
        insta::assert_json_snapshot!(file, read(&body).unwrap());
    }
}

#[test]
fn each_mode_tells_the_same_whatever_type_it_claims() {
    for (file, text) in bodies::all("kuma") {
        let text = String::from_utf8(text).unwrap();
        let body = body(&file);
        let pairs = |pairs: &[(&str, &str)]| {
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
        };
        let [heartbeat, monitor] = ["heartbeat", "monitor"].map(|part| body[part].to_string());
        let msg = body["msg"].as_str().unwrap();
        let whole = [("msg", msg), ("heartbeat", &heartbeat), ("monitor", &monitor)];
        let present = if body["heartbeat"].is_null() { &whole[..1] } else { &whole[..] };
        let head = "Content-Disposition: form-data; name=\"data\"";
        let form = format!("----b\r\n{head}\r\n\r\n{text}\r\n----b--\r\n");
        let expected = come(None, text.as_bytes()).unwrap();
        for (mode, came) in [
            ("get", come(Some(&pairs(present)), b"")),
            ("form", come(None, form.as_bytes())),
            ("composed form", come(None, pairs(&[("data", &text)]).as_bytes())),
            ("composed parts", come(None, pairs(&whole).as_bytes())),
        ] {
            let came = came.unwrap_or_else(|error| panic!("{file} by {mode}: {error}"));
            assert_eq!(came.source_key, expected.source_key, "{file} by {mode}");
            assert_eq!(read(&came.body).unwrap(), read(&expected.body).unwrap(), "{file} by {mode}");
        }
    }
}

#[test]
fn neither_answers_of_the_monitored_site_nor_settings_are_kept() {
    let kept = |file: &str| {
        let body = come(None, body(file).to_string().as_bytes()).unwrap().body;
        String::from_utf8(body).unwrap()
    };
    assert!(!kept("up").contains("kept by nobody"));
    assert!(!kept("down").contains("accepted_statuscodes"));
    let event = serde_json::to_string(&take(&body("down"))).unwrap();
    assert!(!event.contains("not-a-secret") && event.contains("https://blog.harbor.example/health"));
}

#[test]
fn what_is_not_from_kuma_is_refused_with_what_was_expected() {
    for (body, said) in [
        ("", "as JSON or as a form, but it is neither: in Kuma, choose"),
        ("Harbor blog is down", "as JSON or as a form, but it is neither"),
        ("{\"heartbeat\": {\"sta", "but it ends at line 1 column 19: in Kuma, choose"),
        ("[]", "expected a JSON object, but it is a list"),
        ("{}", "with a heartbeat or with a text in 'msg', but it has neither"),
        ("{\"msg\": \" \"}", "but it has neither"),
        ("{\"heartbeat\": {\"status\": \"down\"}}", "expected a whole number at line 1"),
        ("{\"heartbeat\": 7}", "expected a JSON object at line 1"),
        ("{\"heartbeat\": {\"status\": 0}, \"msg\": \"x\"}", "whose monitor has an id or a name"),
        ("data=7", "expected a JSON object, but it is a number"),
        ("heartbeat=%7B", "expected the 'heartbeat' of an Uptime Kuma webhook as JSON, but it ends"),
        ("--x\r\n\r\n--x--", "expected a form with the field 'data'"),
        ("- nothing", "expected a form with the field 'data'"),
    ] {
        let error = refusal(body);
        assert!(error.contains(said), "{body}: {error}");
    }
    assert!(come(Some("other=1"), b"").unwrap_err().contains("in the query, but it has none of them"));
}

#[test]
fn a_monitor_is_known_by_its_number_and_else_by_its_name() {
    let mut beat = body("down");
    beat["monitor"]["name"] = "Renamed".into();
    assert_eq!(take(&beat).object, take(&body("down")).object);
    beat["monitor"] = Value::Null;
    assert_eq!(take(&beat).object, "monitor 7");
    assert!(matches!(take(&beat).subject, Subject::Availability(one) if one.monitor == "#7"));
    beat["monitor"] = json!({"name": "Composed"});
    beat["heartbeat"] = json!({"status": 0});
    let event = take(&beat);
    assert_eq!((event.object.as_str(), event.at), ("monitor 'Composed'", None));
    assert_eq!(event.source_key, take(&beat).source_key);
}

#[test]
fn what_can_be_done_without_may_be_anything() {
    for odd in [json!("7"), json!([]), json!(-1.5), json!(1e300), Value::Null] {
        let mut beat = body("up");
        (beat["heartbeat"]["ping"], beat["monitor"]["port"]) = (odd.clone(), odd.clone());
        beat["monitor"]["tags"] = odd.clone();
        let Subject::Availability(one) = take(&beat).subject else { panic!() };
        assert_eq!((one.ping_ms, one.target.as_deref()), (None, Some("gate.harbor.example")), "{odd}");
    }
    let mut beat = body("up");
    beat["heartbeat"]["status"] = 4.into();
    let event = take(&beat);
    assert_eq!(event.kind, "notice", "a status of a later release");
    assert!(matches!(event.subject, Subject::Generic(said) if said.title == "[Harbor gate] [✅ Up] N/A"));
}

#[test]
fn a_test_is_seen_each_time_and_an_expiry_once() {
    assert_eq!([take(&body("test")).source_key, take(&body("notice")).source_key], ["", ""]);
    let (mut later, today) = (body("certificate"), take(&body("certificate")));
    later["msg"] = later["msg"].as_str().unwrap().replace("7 days", "3 days").into();
    let later = take(&later);
    assert_eq!(today.object, later.object);
    assert_ne!(today.source_key, later.source_key);
    assert!(!today.source_key.is_empty());
}

#[test]
fn a_monitor_that_stays_down_is_told_again_in_the_same_incident() {
    let received = Timestamp::UNIX_EPOCH;
    let mut again = body("down");
    again["heartbeat"]["time"] = "2026-11-21 10:08:03.412".into();
    let (first, again) = (take(&body("down")), take(&again));
    assert_ne!(first.source_key, again.source_key);
    for service in [None, Some("blog".to_owned())] {
        let [first, again] =
            [&first, &again].map(|event| Event { service: service.clone(), ..event.clone() });
        let decision = Decision::default();
        let opened = Incident::open(first, "key".into(), "vg-1".into(), decision, received);
        assert!(opened.continues(&again, received));
        assert_eq!(Detail::of(&opened, &again), []);
        let told = opened.clone().after(again, received);
        assert_eq!(Notice::of(&opened, &told), None);
        let [step] = &told.history.steps[..] else { panic!("{:?}", told.history) };
        assert_eq!((&step.deed, step.times), (&Deed::Opened, 2));
        assert_eq!((told.life, &told.reopened, &told.subject), (Life::Open, &Vec::new(), &opened.subject));
        assert_eq!((told.opened, &told.reports), (opened.opened, &opened.reports));
    }
}
