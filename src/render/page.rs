//! What every kind of message is made of. Invariants: each text of others goes through [`markdown`] and gets
//! a bound of [`limits`]; what a colour or an icon says is also said in words.

use std::cell::{Cell, RefCell};

use fluent_bundle::FluentValue;
use jiff::Timestamp;

use super::{
    limits, markdown,
    message::{Author, Embed, Field, Footer},
};
use crate::{incident::Incident, language::Language, subject::Person};

pub(super) const BLUE: u32 = 0x0009_69da;
pub(super) const GREEN: u32 = 0x002d_a44e;
pub(super) const GREY: u32 = 0x006e_7781;
pub(super) const ORANGE: u32 = 0x00bc_4c00;
pub(super) const PURPLE: u32 = 0x0082_50df;
pub(super) const RED: u32 = 0x00cf_222e;
pub(super) const YELLOW: u32 = 0x00d4_a72c;

/// The incident that is shown, and to whom.
pub(super) struct Page<'a> {
    pub(super) incident: &'a Incident,
    pub(super) language: Language,
    /// The whole of each text that is too long to be shown, as far as it was come to.
    pub(super) whole: RefCell<Vec<String>>,
}

impl Page<'_> {
    /// A text of the language files.
    pub(super) fn say(&self, key: &str, variables: &[(&str, FluentValue<'_>)]) -> String {
        self.language.text(key, variables)
    }

    /// An embed with all but description and fields. An address that Discord refuses for an embed becomes a
    /// link in the description.
    pub(super) fn embed(&self, color: u32, title: String, url: Option<&str>) -> Embed {
        let address = url.and_then(markdown::embed_address);
        let description = match (&address, url.and_then(markdown::web_address)) {
            (None, Some(other)) => markdown::link(&self.say("open-link", &[]), Some(&other)),
            _ => String::new(),
        };
        let reference = &self.incident.reference;
        let footer = match self.repository() {
            Some(name) => format!(
                "{} · {reference}",
                limits::shorten(name, limits::REPOSITORY, missing, markdown::plain)
            ),
            None => reference.clone(),
        };
        Embed {
            author: self.incident.actor.as_ref().and_then(author),
            title,
            url: address,
            description,
            fields: Vec::new(),
            color,
            footer: Footer { text: footer },
            // Earlier times are nonsense, and Discord can't read years before 0.
            timestamp: self.incident.updated.max(Timestamp::UNIX_EPOCH),
        }
    }

    pub(super) fn repository(&self) -> Option<&str> {
        self.incident.repository.as_deref().filter(|name| !markdown::plain(name).is_empty())
    }

    /// `[owner/name] text`.
    pub(super) fn title(&self, icon: &str, text: &str) -> String {
        let place = self.repository().map(|name| format!("[{}]", label(name, limits::REPOSITORY)));
        words([icon, place.as_deref().unwrap_or_default(), text])
    }

    /// `[owner/name#12] text`.
    pub(super) fn numbered_title(&self, icon: &str, number: u64, text: &str) -> String {
        let repository = self.repository().map(|name| label(name, limits::REPOSITORY)).unwrap_or_default();
        words([icon, &format!("[{repository}#{number}]"), text])
    }

    /// What somebody wrote.
    pub(super) fn body(&self, raw: &str, limit: usize) -> String {
        self.shorten(raw, limit, |half, start| {
            let within_code = raw[..start].matches("```").count() % 2 == 1;
            if within_code { markdown::block(&format!("```\n{half}")) } else { markdown::block(half) }
        })
    }

    /// What a machine says: exactly these characters, on as many lines.
    pub(super) fn text(&self, raw: &str, limit: usize) -> String {
        self.shorten(raw, limit, |half, _| markdown::lines(half))
    }

    /// As [`limits::shorten_halves`]; keeps what is cut to be attached, and says on a line of its own how much it is.
    fn shorten(&self, raw: &str, limit: usize, clean: impl Fn(&str, usize) -> String) -> String {
        let is_cut = Cell::new(false);
        let left_out = |n: usize| {
            is_cut.set(true);
            format!("\n*… {} …*\n", self.say("left-out", &[("n", n.into())]))
        };
        let shown = limits::shorten_halves(raw, limit, left_out, clean);
        self.attach(is_cut.get().then(|| raw.to_owned()));
        shown
    }

    /// Keeps a text to be attached, if there is one.
    pub(super) fn attach(&self, whole: Option<String>) {
        self.whole.borrow_mut().extend(whole);
    }

    /// A list within a field.
    pub(super) fn list(&self, parts: &[String], separator: &str, limit: usize) -> String {
        limits::join(parts, separator, limit, |n| self.say("more", &[("n", n.into())]))
    }

    /// A named fact; none without a value.
    pub(super) fn field(&self, key: &str, value: String, layout: Layout) -> Option<Field> {
        let inline = matches!(layout, Layout::Beside);
        (!value.is_empty()).then(|| Field { name: self.say(key, &[]), value, inline })
    }
}

/// Where a field stands.
#[derive(Clone, Copy)]
pub(super) enum Layout {
    /// Beside others, where the screen is wide enough.
    Beside,
    /// On a line of its own.
    Alone,
}

/// Somebody's word for something, within a line of Markdown.
pub(super) fn label(raw: &str, limit: usize) -> String {
    limits::shorten(raw, limit, missing, markdown::inline)
}

/// Somebody's word for something, as code.
pub(super) fn code_span(raw: &str, limit: usize) -> String {
    markdown::code(&limits::shorten(raw, limit - 2, missing, markdown::plain))
}

/// The first characters of a commit's hash, linked if its address is known.
pub(super) fn commit_span(sha: &str, url: Option<&str>) -> String {
    markdown::link(&code_span(&short(sha), limits::FACT), url)
}

/// What stands in a line for `n` characters that were left out.
pub(super) fn missing(n: usize) -> String {
    format!("… +{n} …")
}

/// How git shortens a hash; anything longer than its first seven characters goes.
pub(super) fn short(sha: &str) -> String {
    sha.chars().take(7).collect()
}

pub(super) fn words<const N: usize>(parts: [&str; N]) -> String {
    parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// `first`, then `second` below it.
pub(super) fn below(first: String, second: &str) -> String {
    if first.is_empty() || second.is_empty() { first + second } else { format!("{first}\n\n{second}") }
}

/// Those of `parts` that say something, one below the other.
pub(super) fn paragraphs<const N: usize>(parts: [String; N]) -> String {
    parts.into_iter().fold(String::new(), |above, part| below(above, &part))
}

/// The author of an embed; none for someone without a name.
pub(super) fn author(person: &Person) -> Option<Author> {
    let name = limits::shorten(&person.name, limits::AUTHOR, missing, markdown::plain);
    (!name.is_empty()).then(|| Author {
        name,
        url: person.url.as_deref().and_then(markdown::embed_address),
        icon_url: person.avatar.as_deref().and_then(markdown::embed_address),
    })
}
