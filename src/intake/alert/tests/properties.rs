//! Both readers on webhooks made at random, right and wrong ones.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::intake::bodies::replace;

const BOTH: [Source; 2] = [Source::Alertmanager, Source::Grafana];

/// Any JSON, not deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,30}".prop_map(Value::from),
        prop_oneof!["4", "1", "firing", "resolved", "https://[::1]:9093/am"].prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let names = prop_oneof!["version", "alerts", "labels", "status", "annotations", ".{0,8}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names, inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn texts() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map(prop_oneof!["[a-z]{1,8}", ".{1,20}"], ".{0,40}", 0..6)
}

/// An alert as Alertmanager or Grafana would send it.
fn valid_alert() -> impl Strategy<Value = Value> {
    let time = prop::option::of(0..4_000_000_000_000_i64);
    (texts(), texts(), prop::bool::ANY, time.clone(), time).prop_map(|(mut labels, annotations, firing, start, end)| {
        labels.insert("alertname".to_owned(), "Random".to_owned());
        let time = |ms: Option<i64>| ms.map(|ms| Timestamp::from_millisecond(ms).unwrap());
        let status = if firing { "firing" } else { "resolved" };
        json!({
            "status": status, "labels": labels, "annotations": annotations, "startsAt": time(start), "endsAt": time(end),
            "generatorURL": "", "fingerprint": "0123456789abcdef", "routeLabels": {},
        })
    })
}

fn keys(arrivals: &[Arrival]) -> Vec<(String, String)> {
    arrivals.iter().map(|one| (one.object.clone(), one.source_key.clone())).collect()
}

proptest! {
    #[test]
    fn each_alert_of_a_webhook_is_one_arrival_wherever_it_stands(
        mut alerts in prop::collection::vec(valid_alert(), 1..6), turn in any::<usize>(),
    ) {
        for (source, version) in BOTH.into_iter().zip(["4", "1"]) {
            let take = |alerts: &[Value]| {
                let webhook = json!({"version": version, "status": "firing", "alerts": alerts, "truncatedAlerts": 3});
                arrivals(source, webhook.to_string().as_bytes()).unwrap()
            };
            let once = take(&alerts);
            prop_assert_eq!(once.len(), alerts.len());
            prop_assert_eq!(keys(&once), keys(&take(&alerts)));
            for arrival in &once {
                let event = read_again(arrival);
                prop_assert_eq!((&event.object, &event.source_key), (&arrival.object, &arrival.source_key));
                let again: Event = serde_json::from_slice(&serde_json::to_vec(&event).unwrap()).unwrap();
                prop_assert_eq!(event, again);
            }
            let turn = turn % alerts.len();
            alerts.rotate_left(turn);
            let before: BTreeSet<_> = keys(&once).into_iter().collect();
            prop_assert_eq!(before, keys(&take(&alerts)).into_iter().collect::<BTreeSet<_>>());
        }
    }

    #[test]
    fn other_labels_are_another_alert(one in texts(), other in texts()) {
        let object = |labels: &BTreeMap<String, String>| {
            let mut labels = labels.clone();
            labels.insert("alertname".to_owned(), "Random".to_owned());
            super::one(&json!(labels), &Value::Null).object
        };
        let full = |labels: &BTreeMap<String, String>| {
            labels.clone().into_iter().filter(|(name, value)| name != "alertname" && !value.is_empty()).collect::<Vec<_>>()
        };
        prop_assert_eq!(object(&one) == object(&other), full(&one) == full(&other));
    }

    /// A body in which anything was replaced by anything is read or refused.
    #[test]
    fn no_body_makes_a_reader_panic(file in any::<prop::sample::Index>(), place in any::<usize>(), other in any_json()) {
        for source in BOTH {
            let bodies = bodies(source);
            let mut body: Value = serde_json::from_slice(&file.get(&bodies).1).unwrap();
            replace(&mut body, place, &other);
            for arrival in arrivals(source, body.to_string().as_bytes()).unwrap_or_default() {
                prop_assert!(arrival.source_key.len() <= 500 && arrival.object.len() <= 500);
                read_again(&arrival);
            }
            prop_assert!(arrivals(source, other.to_string().as_bytes()).is_err() || other["alerts"].is_array());
            // What another release stored is read or refused, too.
            let _: Result<Event, String> = intake::read(source, KIND, other.to_string().as_bytes());
            let _: Result<Found, String> = Found::of_api(&other, None);
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(file in any::<prop::sample::Index>(), place in any::<usize>(), byte in any::<u8>(),
                                    noise in prop::collection::vec(any::<u8>(), 0..60)) {
        for source in BOTH {
            let mut text = file.get(&bodies(source)).1.clone();
            let place = place % text.trim_ascii_end().len();
            prop_assert!(arrivals(source, &text[..place]).unwrap_err().contains("ends at line"));
            text[place] = byte;
            let _: Result<Vec<Arrival>, String> = arrivals(source, &text);
            prop_assert!(arrivals(source, &noise).is_err());
        }
    }
}
