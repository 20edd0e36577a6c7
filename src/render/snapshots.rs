//! Each kind of message in both languages, in a form that can be read.

use std::fmt::Write;

use super::{message, message::Message, samples};
use crate::language::Language;

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
