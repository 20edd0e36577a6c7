//! The languages that people read Vigie in. Invariants: every language has the same messages with the
//! same variables (a test holds them together), and a message is plain text, never escaped here.

use std::sync::LazyLock;

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use serde::{Deserialize, Serialize};
use unic_langid::{LanguageIdentifier, langid};

/// A language of Vigie's messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
}

type Bundle = FluentBundle<FluentResource>;

const EN: &[&str] = &[
    include_str!("../locales/en/commands.ftl"),
    include_str!("../locales/en/messages.ftl"),
    include_str!("../locales/en/news.ftl"),
    include_str!("../locales/en/reasons.ftl"),
    include_str!("../locales/en/sources.ftl"),
];
const FR: &[&str] = &[
    include_str!("../locales/fr/commands.ftl"),
    include_str!("../locales/fr/messages.ftl"),
    include_str!("../locales/fr/news.ftl"),
    include_str!("../locales/fr/reasons.ftl"),
    include_str!("../locales/fr/sources.ftl"),
];

/// Each language's commands and the rest, read when they are first needed: Discord is told the commands in every
/// language, while a team reads one.
static BUNDLES: [[LazyLock<Bundle>; 2]; 2] = [
    [LazyLock::new(|| bundle(langid!("en"), &EN[..1])), LazyLock::new(|| bundle(langid!("en"), &EN[1..]))],
    [LazyLock::new(|| bundle(langid!("fr"), &FR[..1])), LazyLock::new(|| bundle(langid!("fr"), &FR[1..]))],
];

fn bundle(id: LanguageIdentifier, sources: &[&str]) -> Bundle {
    let mut bundle = Bundle::new_concurrent(vec![id]);
    // Discord shows the isolation marks as boxes on some systems.
    bundle.set_use_isolating(false);
    for source in sources {
        // A resource with errors still holds what could be read; the tests below accept none.
        let resource = FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(read, _)| read);
        let _ = bundle.add_resource(resource);
    }
    bundle
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::En, Self::Fr];

    /// The language for one of Discord's locales (`fr`, `en-GB`, …); English where Vigie has none.
    pub fn from_locale(locale: &str) -> Self {
        if locale.split('-').next() == Some("fr") { Self::Fr } else { Self::En }
    }

    /// Its name in configuration, and Discord's name for it (`None`: Discord's default).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
        }
    }

    /// The message `key` with its variables filled in. A message that is missing shows as its key.
    pub fn text(self, key: &str, variables: &[(&str, FluentValue<'_>)]) -> String {
        let found = |bundle: &'static LazyLock<Bundle>| Some((bundle, bundle.get_message(key)?.value()?));
        let Some((bundle, pattern)) = BUNDLES[self as usize].iter().find_map(found) else {
            tracing::error!(key, language = self.as_str(), "a message has no text in this language");
            return key.to_owned();
        };
        let arguments: FluentArgs<'_> =
            variables.iter().map(|(name, value)| (*name, value.clone())).collect();
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&arguments), &mut errors).into_owned();
        if !errors.is_empty() {
            tracing::error!(key, language = self.as_str(), ?errors, "a message lacks a variable");
        }
        text
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use fluent_bundle::FluentResource;

    use super::*;

    /// Each message's name with the variables that it uses, as far as they stand in the text.
    pub(crate) fn messages(sources: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
        let mut all = BTreeMap::new();
        for source in sources {
            FluentResource::try_new((*source).to_owned()).expect("the file follows Fluent's syntax");
            let mut key = String::new();
            for line in source.lines() {
                if let Some((name, _)) = line.split_once('=').filter(|_| !line.starts_with([' ', '#', '.'])) {
                    key = name.trim().to_owned();
                    assert!(
                        all.insert(key.clone(), BTreeSet::new()).is_none(),
                        "'{key}' stands twice in one language"
                    );
                }
                let names = line.split('$').skip(1).map(|rest| {
                    rest.chars().take_while(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect()
                });
                all.entry(key.clone()).or_default().extend(names);
            }
        }
        all
    }

    #[test]
    fn languages_have_the_same_messages_with_the_same_variables() {
        assert_eq!(messages(EN), messages(FR));
    }

    #[test]
    fn locales_without_a_translation_read_english() {
        assert_eq!(Language::from_locale("fr"), Language::Fr);
        assert_eq!(Language::from_locale("en-GB"), Language::En);
        assert_eq!(Language::from_locale("ja"), Language::En);
    }
}
