//! Alerts of Alertmanager and Grafana.

use crate::{
    render::{
        labels::labels,
        life, limits, markdown,
        message::Embed,
        page::{Layout, Page, below, code_span, label, paragraphs},
    },
    subject::{Alert, AlertLinks, Firing},
};

/// How many ids of silences and inhibitions are shown.
const SUPPRESSORS: usize = 3;

pub(in crate::render) fn alert(page: &Page<'_>, alert: &Alert) -> Embed {
    let began = alert.starts_at.unwrap_or_else(|| life::began(page.incident));
    let ended = alert.ends_at.filter(|_| alert.state == Firing::Resolved).unwrap_or(page.incident.updated);
    let fields = [
        life::severity(page),
        life::span(page, began, ended),
        page.field(
            "field-value",
            label(alert.value.as_deref().unwrap_or_default(), limits::LIST),
            Layout::Beside,
        ),
        labels(page, &alert.labels),
    ];
    let address = |url: &Option<String>| url.as_deref().and_then(markdown::embed_address);
    let address = address(&alert.links.dashboard).or_else(|| address(&alert.links.source));
    let embed = life::embed(page, &alert.name, address.as_deref());
    let parts =
        [words(page, alert), links(page, &alert.links), suppressed(page, alert), truncated(page, alert)];
    Embed { description: paragraphs(parts), fields: fields.into_iter().flatten().collect(), ..embed }
}

/// What the alert says.
pub(super) fn words(page: &Page<'_>, alert: &Alert) -> String {
    let summary = page.text(&alert.summary, limits::SUMMARY);
    // Many rules say the same twice.
    let further = if alert.description.trim() == alert.summary.trim() { "" } else { &alert.description };
    below(summary, &page.text(further, limits::ACCOUNT))
}

/// Where more can be read, in one line.
pub(super) fn links(page: &Page<'_>, links: &AlertLinks) -> String {
    let links = [
        ("link-runbook", &links.runbook),
        ("link-dashboard", &links.dashboard),
        ("link-source", &links.source),
        ("link-silence", &links.silence),
    ];
    let link = |(key, address): (&str, &Option<String>)| {
        let address = markdown::web_address(address.as_deref()?)?;
        Some(markdown::link(&page.say(key, &[]), Some(&address)))
    };
    links.into_iter().filter_map(link).collect::<Vec<_>>().join(" · ")
}

fn suppressed(page: &Page<'_>, alert: &Alert) -> String {
    // The one that was made from Discord is told with its end.
    let ours = page.incident.silence.as_ref().map(|silence| &silence.id);
    let all: Vec<&String> = alert.suppressed_by.iter().filter(|id| Some(*id) != ours).collect();
    if all.is_empty() {
        return String::new();
    }
    let ids: Vec<String> = all.iter().take(SUPPRESSORS).map(|id| code_span(id, limits::FACT / 2)).collect();
    let more = all.len() - ids.len();
    let ids = ids.join(" ");
    let ids = if more > 0 { format!("{ids} {}", page.say("more", &[("n", more.into())])) } else { ids };
    page.say("suppressed", &[("n", all.len().into()), ("ids", ids.into())])
}

fn truncated(page: &Page<'_>, alert: &Alert) -> String {
    let n = alert.truncated;
    if n > 0 { page.say("alerts-left-out", &[("n", n.into())]) } else { String::new() }
}
