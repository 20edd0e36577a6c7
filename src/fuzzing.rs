//! The ways that bytes from outside take, for the fuzzer in `fuzz/` and the corpora in `tests/corpora/`. Invariant: no
//! bytes make any of them panic, and whatever is made of them is a message that Discord takes.

use std::path::Path;

use hyper::{
    HeaderMap,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use jiff::Timestamp;

use crate::{
    config::{self, Files},
    event::{Event, Source},
    incident::{Incident, route::Decision},
    intake::{self, hooks::Hooks, hooks::Request, proof::Proof},
    language::Language,
    render::{self, message::Message},
};

const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

/// A webhook, from its body to the message. The first line names the source and what else tells its form: the kind of
/// a Gitea event, the type of the body, or behind a `?` the query.
pub fn webhook(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let (head, body) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let Ok(head) = std::str::from_utf8(head) else { return };
    let (source, form) = head.split_once(' ').unwrap_or((head, ""));
    let sources =
        [Source::Gitea, Source::Alertmanager, Source::Grafana, Source::Kuma, Source::Deploy, Source::Generic];
    let Some(source) = sources.into_iter().find(|known| known.as_str() == source) else { return };
    let mut headers = HeaderMap::new();
    let query = form.strip_prefix('?');
    if let Ok(form) = HeaderValue::from_str(form) {
        let name = HeaderName::from_static("x-gitea-event-type");
        headers.insert(if source == Source::Gitea { name } else { CONTENT_TYPE }, form);
    }
    let mut hooks = Hooks::default();
    hooks.set_up(source, "", Proof::Bearer("token".into()));
    let Some(hook) = hooks.find(source, "") else { return };
    let Ok(arrivals) = hook.arrivals(&Request { name: "", headers: &headers, query, body }) else { return };
    let mut incident: Option<Incident> = None;
    for arrival in arrivals.into_iter().take(20) {
        let read = intake::read(source, &arrival.kind, &arrival.body);
        assert!(read.is_ok(), "what was stored can't be read again: {read:?}");
        let Ok(event) = read else { return };
        let after = match incident {
            Some(before) => before.after(event, NOW),
            None => open(event),
        };
        hold(&after);
        incident = Some(after);
    }
}

/// A configuration.
pub fn configuration(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        drop(config::parse(text, Path::new("/vigie.toml"), Files::Ignore));
    }
}

/// Woodpecker's event stream; its events are also shown as reports, its lines as a log.
pub fn woodpecker(data: &[u8]) {
    for event in intake::woodpecker::fuzz(data) {
        hold(&open(event));
    }
}

fn open(event: Event) -> Incident {
    let decision = Decision { route: None, channels: vec![1], mentions: Vec::new() };
    Incident::open(event, "key".into(), "vg-7k2m9q".into(), decision, NOW)
}

/// Discord's limits ("Embed Limits", developer documentation), in both languages.
fn hold(incident: &Incident) {
    for language in [Language::En, Language::Fr] {
        let Message { content, embeds, .. } = render::message(incident, language);
        assert!(units(&content) <= 2000, "{content}");
        for embed in embeds {
            let fields = || embed.fields.iter().flat_map(|field| [(&field.name, 256), (&field.value, 1024)]);
            let author = embed.author.iter().map(|author| (&author.name, 256));
            let texts = [(&embed.title, 256), (&embed.description, 4096), (&embed.footer.text, 2048)];
            let texts: Vec<_> = texts.into_iter().chain(author).chain(fields()).collect();
            for (text, limit) in &texts {
                assert!(units(text) <= *limit, "{} units of {limit}: {text}", units(text));
            }
            let total: usize = texts.iter().map(|(text, _)| units(text)).sum();
            assert!(
                total <= 6000 && embed.fields.len() <= 25,
                "{total} units, {} fields",
                embed.fields.len()
            );
        }
    }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn replay(name: &str, target: impl Fn(&[u8])) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpora").join(name);
        let files: Vec<_> = fs::read_dir(folder).unwrap().collect();
        assert!(!files.is_empty());
        for file in files {
            target(&fs::read(file.unwrap().path()).unwrap());
        }
    }

    #[test]
    fn the_corpus_of_webhooks_holds() {
        replay("webhook", webhook);
    }

    #[test]
    fn the_corpus_of_configurations_holds() {
        replay("configuration", configuration);
    }

    #[test]
    fn the_corpus_of_woodpeckers_streams_holds() {
        replay("woodpecker", woodpecker);
    }
}
