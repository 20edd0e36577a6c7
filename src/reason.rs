//! Why something is as it is, as a value that can be said in every language. Invariants: the words are Vigie's and
//! stand in `locales/*/reasons.ftl` (a channel's refusals in `messages.ftl`); what others said is a variable and stays
//! as it came; shown or serialised without a language, a reason is English, as the log, `/readyz` and the page are.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::language::Language;

/// A sentence of Vigie's with what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    key: &'static str,
    variables: Vec<(&'static str, Detail)>,
}

/// What fills a variable of a [`Reason`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// A figure.
    Number(u64),
    /// What others said or named: an error of the system, Discord's words, a path. The same in every language.
    Text(String),
    /// Another sentence of Vigie's.
    Reason(Reason),
}

impl Reason {
    /// The message `key`, whose variables [`Reason::with`] fills in.
    pub const fn new(key: &'static str) -> Self {
        Self { key, variables: Vec::new() }
    }

    /// Fills in the variable `name`.
    #[must_use]
    pub fn with(mut self, name: &'static str, detail: impl Into<Detail>) -> Self {
        self.variables.push((name, detail.into()));
        self
    }

    /// All of `reasons` in one; `None` if there is none.
    pub fn all(reasons: impl IntoIterator<Item = Self>) -> Option<Self> {
        let join = |first, second| Reason::new("reasons").with("first", first).with("second", second);
        reasons.into_iter().reduce(join)
    }

    /// The sentence in `language`.
    pub fn text(&self, language: Language) -> String {
        let variables: Vec<_> = self
            .variables
            .iter()
            .map(|(name, detail)| {
                let value = match detail {
                    Detail::Number(number) => (*number).into(),
                    Detail::Text(text) => text.as_str().into(),
                    Detail::Reason(reason) => reason.text(language).into(),
                };
                (*name, value)
            })
            .collect();
        language.text(self.key, &variables)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Language::En))
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<u64> for Detail {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Detail {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Detail {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Reason> for Detail {
    fn from(reason: Reason) -> Self {
        Self::Reason(reason)
    }
}

#[cfg(test)]
mod tests;
