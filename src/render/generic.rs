//! What was told in plain words, and kinds that Vigie does not know.

use super::{
    labels::labels,
    life, limits,
    message::Embed,
    page::{GREY, Layout, Page, below, label},
};
use crate::{
    event::{Severity, Source},
    subject::Generic,
};

pub(super) fn generic(page: &Page<'_>, generic: &Generic) -> Embed {
    let incident = page.incident;
    let url = generic.url.as_deref().or(incident.repository_url.as_deref());
    let matters = generic.firing.is_some() || incident.severity > Severity::Info;
    let embed = if generic.firing.is_some() {
        life::embed(page, &generic.title, url)
    } else {
        let title = label(&generic.title, limits::NAME);
        let title = if title.is_empty() { label(&incident.kind, limits::NAME) } else { title };
        let is_test = incident.source == Source::Grafana && incident.kind == "test";
        let title = if is_test { page.say("test-title", &[("name", title.into())]) } else { title };
        let color = if matters { life::color(incident) } else { GREY };
        page.embed(color, page.title("", &title), url)
    };
    let service = label(incident.service.as_deref().unwrap_or_default(), limits::FACT);
    let fields = [
        life::severity(page).filter(|_| matters),
        // The title of what goes on names it.
        page.field("field-service", service, Layout::Beside).filter(|_| generic.firing.is_none()),
        generic.firing.and_then(|_| life::span(page, life::began(incident), incident.updated)),
        labels(page, &incident.labels),
    ];
    Embed {
        description: below(page.body(&generic.text, limits::LONG_BODY), &embed.description),
        fields: fields.into_iter().flatten().collect(),
        ..embed
    }
}
