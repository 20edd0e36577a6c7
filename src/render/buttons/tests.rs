use super::*;
use crate::{
    event::Source,
    incident::{Acknowledged, Life, Report, Reporter, Silence},
    render::samples,
    subject::{Alert, AlertLinks, Firing, Generic},
};

fn alert() -> Incident {
    let subject = Subject::Alert(Alert {
        name: "DiskFull".into(),
        state: Firing::Firing,
        summary: String::new(),
        description: String::new(),
        value: None,
        labels: [("alertname".into(), "DiskFull".into())].into(),
        links: AlertLinks {
            runbook: Some("https://runbooks.example.org/disk".into()),
            ..AlertLinks::default()
        },
        starts_at: None,
        ends_at: None,
        truncated: 0,
        suppressed_by: Vec::new(),
    });
    Incident { source: Source::Alertmanager, life: Life::Open, ..samples::incident(subject) }
}

fn acknowledged(incident: Incident) -> Incident {
    Incident { acknowledged: Some(Acknowledged { by: 4000, at: samples::at(60) }), ..incident }
}

/// What stands on the buttons.
fn labels(incident: &Incident, silencing: Silencing) -> String {
    let rows = rows(incident, Language::En, silencing);
    let labels = rows.iter().flat_map(|row| &row.components).map(|button| button.label.as_str());
    labels.collect::<Vec<_>>().join(", ")
}

#[test]
fn buttons_are_the_json_that_discord_takes() {
    insta::assert_json_snapshot!(Language::ALL.map(|language| rows(&alert(), language, Silencing::Offered)));
}

#[test]
fn buttons_offer_what_can_be_done_now() {
    let label = |incident: &Incident| labels(incident, Silencing::Offered);
    let silence = Some(Silence { id: "id".into(), by: 4000, until: samples::at(3600) });
    let silenced = Incident { silence, ..alert() };
    assert_eq!(label(&alert()), "Acknowledge, Silence 1 h, Silence 4 h, Silence until…, Runbook");
    assert_eq!(
        label(&acknowledged(alert())),
        "Undo acknowledge, Silence 1 h, Silence 4 h, Silence until…, Runbook"
    );
    assert_eq!(label(&silenced), "Acknowledge, Undo silence, Runbook");
    assert_eq!(label(&acknowledged(silenced)), "Undo acknowledge, Undo silence, Runbook");
    assert_eq!(labels(&alert(), Silencing::Withheld), "Acknowledge, Runbook");
    assert_eq!(label(&Incident { life: Life::Closed, ..alert() }), "");
}

#[test]
fn only_alerts_of_alertmanager_can_be_silenced() {
    let label = |incident: &Incident| labels(incident, Silencing::Offered);
    assert_eq!(label(&Incident { source: Source::Grafana, ..alert() }), "Acknowledge, Runbook");
    let report = |source| Report {
        source,
        object: "object".into(),
        name: "DiskFull".into(),
        says: Reporter::Down,
        at: samples::at(0),
    };
    // An outage that Kuma told first.
    let outage = |reports| Incident { source: Source::Kuma, reports, ..alert() };
    assert!(label(&outage(vec![report(Source::Alertmanager)])).contains("Silence"));
    let unclear = outage(vec![report(Source::Alertmanager), report(Source::Grafana)]);
    assert_eq!(label(&unclear), "Acknowledge, Runbook");
    let firing =
        Generic { firing: Some(Firing::Firing), title: "Backup failed".into(), ..Generic::default() };
    let firing = Incident { life: Life::Open, ..samples::incident(Subject::Generic(firing)) };
    assert_eq!(label(&firing), "Acknowledge");
    assert_eq!(label(&samples::incident(Subject::Generic(Generic::default()))), "");
}

#[test]
fn a_runbook_that_is_no_web_address_has_no_button() {
    for address in ["", "ask Bob", "javascript:alert(1)", "file:///etc/passwd", "http://wiki/disk"] {
        let mut incident = alert();
        let Subject::Alert(alert) = &mut incident.subject else { unreachable!() };
        alert.links.runbook = Some(address.into());
        assert_eq!(labels(&incident, Silencing::Withheld), "Acknowledge", "{address}");
    }
}

#[test]
fn a_custom_id_is_read_as_it_was_written() {
    for press in Press::ALL {
        let custom_id = press.custom_id("vg-7k2m9q");
        assert!(custom_id.len() <= 100);
        assert_eq!(Press::parse(&custom_id), Some((press, "vg-7k2m9q")));
    }
    assert_eq!(Press::Acknowledge.custom_id("vg-7k2m9q"), "v1:ack:vg-7k2m9q", "old messages have it");
    for other in ["", "v1", "v1:ack", "v1:other:vg-7k2m9q", "v2:ack:vg-7k2m9q", "v10:ack:vg-7k2m9q"] {
        assert_eq!(Press::parse(other), None, "{other}");
    }
}
