//! Each kind of message in both languages, in a form that can be read.

use std::fmt::Write;

use discord_openapi::OpenApi;

use super::{message, message::Message, samples};
use crate::{
    incident::{Incident, route::Decision},
    intake::gitea::{
        self,
        tests::bodies::{BODIES, kind_of, real_bodies},
    },
    language::Language,
};

/// A message as a person would read it; addresses in angle brackets.
pub(super) fn readable(message: &Message) -> String {
    let mut text = String::new();
    if !message.content.is_empty() {
        writeln!(text, "{}", message.content).unwrap();
    }
    for embed in &message.embeds {
        let address = |url: &Option<String>| url.as_ref().map(|url| format!(" <{url}>")).unwrap_or_default();
        writeln!(text, "#{:06x}", embed.color).unwrap();
        if let Some(author) = &embed.author {
            writeln!(text, "{}{}{}", author.name, address(&author.url), address(&author.icon_url)).unwrap();
        }
        writeln!(text, "{}{}", embed.title, address(&embed.url)).unwrap();
        for line in embed.description.lines() {
            writeln!(text, "| {line}").unwrap();
        }
        for field in &embed.fields {
            let layout = if field.inline { "" } else { "\n    " };
            writeln!(text, "{}: {layout}{}", field.name, field.value.replace('\n', "\n    ")).unwrap();
        }
        writeln!(text, "{} @ {}", embed.footer.text, embed.timestamp).unwrap();
    }
    text
}

#[test]
fn each_kind_of_message_reads_well_in_each_language() {
    for (name, incident) in samples::all() {
        let both = Language::ALL.map(|language| readable(&message(&incident, language))).join("\n");
        insta::assert_snapshot!(name, both);
    }
}

#[test]
fn a_message_is_the_json_that_discord_takes() {
    let (_, incident) = samples::all().swap_remove(12);
    insta::assert_json_snapshot!(message(&incident, Language::En));
}

/// What one body of Gitea makes, told two minutes after the samples' time if it names none.
fn incident(kind: &str, body: &[u8]) -> Incident {
    let event = gitea::read(kind, body).unwrap();
    Incident::open(event, "key".into(), "vg-7k2m9q".into(), Decision::default(), samples::at(120))
}

#[test]
fn each_body_of_gitea_reads_well_in_each_language() {
    for (file, body) in BODIES.iter() {
        let incident = incident(kind_of(file), body);
        let both = Language::ALL.map(|language| readable(&message(&incident, language))).join("\n");
        insta::assert_snapshot!(format!("gitea_{}", file.replace('.', "_")), both);
    }
}

#[test]
fn every_message_is_one_that_discord_describes() {
    let Some(description) = OpenApi::load() else { return };
    let samples = samples::all().into_iter().map(|(_, incident)| incident);
    let ours = BODIES.iter().map(|(file, body)| incident(kind_of(file), body));
    let real = real_bodies("every_message_is_one_that_discord_describes").unwrap_or_default();
    let real = real.iter().map(|(_, kind, body)| incident(kind, body));
    for incident in samples.chain(ours).chain(real) {
        for language in Language::ALL {
            let body = serde_json::to_value(message(&incident, language)).unwrap();
            for (method, path) in [("POST", "/channels/1/messages"), ("PATCH", "/channels/1/messages/2")] {
                let violations = description.check_request(method, path, &body);
                assert!(violations.is_empty(), "{violations:?}: {body}");
            }
        }
    }
}
