//! A TOML document as a tree that knows where everything stands. Invariants: a mistake never ends the
//! reading, so one run finds them all; every mistake says where, which key, what was expected, what came
//! and what to do; a key that nobody asked for is a mistake; no value of a key that may hold a secret is
//! repeated.

use std::{cell::RefCell, fmt, ops::Range, path::PathBuf};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Something to say about one place of a configuration file. Shows as one line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The file.
    pub file: PathBuf,
    /// The key, as a path from the root of the document (`routes[1].severity`); empty for the whole.
    pub key: String,
    /// What is wrong and what to do.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file.display(), self.line, self.column)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.text)
    }
}

/// Whether the files that a configuration names are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// They are read, and one that is missing is a mistake.
    Read,
    /// They are left alone: where a system is built, its secrets do not exist.
    Ignore,
}

/// There is no value, and the reason for that is among the mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reported;

/// A value, or a mistake that was reported.
pub(super) type Read<T> = Result<T, Reported>;

/// What is known of the file while it is read, and what was found in it.
pub(super) struct Document<'d> {
    text: &'d str,
    pub(super) file: PathBuf,
    pub(super) files: Files,
    /// Lines that are not TOML. What follows from them is no mistake of its own.
    broken: Vec<usize>,
    mistakes: RefCell<Vec<Finding>>,
    warnings: RefCell<Vec<Finding>>,
}

impl<'d> Document<'d> {
    pub(super) fn new(text: &'d str, file: PathBuf, files: Files) -> Self {
        let [mistakes, warnings] = [(); 2].map(|()| RefCell::default());
        Self { text, file, files, broken: Vec::new(), mistakes, warnings }
    }

    /// Reports the lines that are not TOML, and returns the text with blanks in their place, so that the
    /// others can be read. A broken header takes what belongs to it along.
    pub(super) fn set_aside(&mut self, errors: &[toml::de::Error]) -> String {
        for error in errors {
            let at = error.span().map_or(self.text.len(), |span| span.start);
            let said = error.message();
            let finding = self.finding(at, "", format!("this is not TOML: {said}; correct this line"));
            if !self.broken.contains(&finding.line) {
                self.broken.push(finding.line);
                self.mistakes.get_mut().push(finding);
            }
        }
        let mut headless = false;
        let mut sound = String::with_capacity(self.text.len());
        for (index, line) in self.text.split_inclusive('\n').enumerate() {
            let (header, broken) = (line.starts_with('['), self.broken.contains(&(index + 1)));
            headless = if header { broken } else { headless };
            if broken || headless {
                sound.extend(line.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
            } else {
                sound.push_str(line);
            }
        }
        sound
    }

    /// What was found: mistakes and warnings, each in the order of the file.
    pub(super) fn into_findings(self) -> (Vec<Finding>, Vec<Finding>) {
        let [mut mistakes, mut warnings] = [self.mistakes.into_inner(), self.warnings.into_inner()];
        mistakes.sort();
        mistakes.dedup();
        warnings.sort();
        (mistakes, warnings)
    }

    /// Reports what is wrong with what stands at `at`.
    pub(super) fn mistake(&self, at: usize, key: &str, text: String) {
        let finding = self.finding(at, key, text);
        if !self.broken.contains(&finding.line) {
            self.mistakes.borrow_mut().push(finding);
        }
    }

    /// Reports that something is not there. In a document that is not TOML throughout, it may well be.
    pub(super) fn absence(&self, at: usize, key: &str, text: String) {
        if self.broken.is_empty() {
            self.mistake(at, key, text);
        }
    }

    /// Says something that is no mistake.
    pub(super) fn warn(&self, at: usize, text: String) {
        self.warnings.borrow_mut().push(self.finding(at, "", text));
    }

    fn finding(&self, at: usize, key: &str, text: String) -> Finding {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Finding {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            file: self.file.clone(),
            key: key.to_owned(),
            text,
        }
    }
}

/// A table of the document.
pub(super) struct Section<'d> {
    pub(super) document: &'d Document<'d>,
    pub(super) path: String,
    pub(super) at: usize,
    table: &'d DeTable<'d>,
    asked: Vec<&'static str>,
}

impl<'d> Section<'d> {
    pub(super) fn root(document: &'d Document<'d>, table: &'d DeTable<'d>) -> Self {
        Self { document, path: String::new(), at: 0, table, asked: Vec::new() }
    }

    /// The entry `key`, if it is there.
    pub(super) fn optional(&mut self, key: &'static str) -> Option<Entry<'d>> {
        self.asked.push(key);
        self.table.get_key_value(key).map(|(key, value)| self.entry(key.get_ref(), key.span(), value))
    }

    /// What `read` makes of the entry `key`, if that is there.
    pub(super) fn read<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Entry<'d>) -> Read<T>,
    ) -> Read<Option<T>> {
        self.optional(key).map(|entry| read(&entry)).transpose()
    }

    /// What `read` makes of the entry `key`, which must be there. `example` is how it could be written.
    pub(super) fn require<T>(
        &mut self,
        key: &'static str,
        example: &str,
        read: impl FnOnce(&Entry<'d>) -> Read<T>,
    ) -> Read<T> {
        let Some(entry) = self.optional(key) else {
            let text = format!("expected this key, found none; add it, for example {example}");
            self.document.absence(self.at, &join(&self.path, key), text);
            return Err(Reported);
        };
        read(&entry)
    }

    /// All entries of a table whose keys are names.
    pub(super) fn named(&self) -> Vec<(&'d str, Entry<'d>)> {
        let name = |key: &'d Spanned<_>| -> &'d str { std::convert::AsRef::<str>::as_ref(key.get_ref()) };
        let entry = |(key, value)| (name(key), self.entry(name(key), key.span(), value));
        self.table.iter().map(entry).collect()
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(self) {
        for (key, _) in self.table {
            let name = key.get_ref().as_ref();
            if self.asked.contains(&name) {
                continue;
            }
            let known = self.asked.join(", ");
            let secret = ["token", "secret", "password"].iter().any(|word| name.contains(word));
            let remedy = if secret && known.contains("_file") {
                "a secret is never written here: put it into a file and name that by a key that ends with _file"
            } else {
                "correct its name or remove it"
            };
            let text = format!("expected one of the keys {known}; found an unknown one; {remedy}");
            self.document.mistake(key.span().start, &join(&self.path, name), text);
        }
    }

    fn entry(&self, key: &str, at: Range<usize>, value: &'d Spanned<DeValue<'d>>) -> Entry<'d> {
        // A table's own span is that of its header, which says more than its last key.
        let at = if value.get_ref().is_table() { value.span().start } else { at.start };
        Entry { document: self.document, path: join(&self.path, key), at, value: value.get_ref() }
    }
}

/// One value of the document.
#[derive(Clone)]
pub(super) struct Entry<'d> {
    pub(super) document: &'d Document<'d>,
    pub(super) path: String,
    pub(super) at: usize,
    value: &'d DeValue<'d>,
}

impl<'d> Entry<'d> {
    /// Reports that `expected` did not come.
    pub(super) fn mistake(&self, expected: &str, remedy: &str) -> Reported {
        let found = match self.value {
            DeValue::String(text) => format!("{:?}", clip(text)),
            DeValue::Integer(number) => format!("the integer {number}"),
            DeValue::Float(number) => format!("the number {number}"),
            DeValue::Boolean(flag) => flag.to_string(),
            DeValue::Datetime(_) => "a date or time".to_owned(),
            DeValue::Array(list) if list.is_empty() => "an empty list".to_owned(),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        };
        self.mistake_found(expected, &found, remedy)
    }

    /// Reports that `expected` did not come, in words of the caller's for what did.
    pub(super) fn mistake_found(&self, expected: &str, found: &str, remedy: &str) -> Reported {
        let text = format!("expected {expected}, found {found}; {remedy}");
        self.document.mistake(self.at, &self.path, text);
        Reported
    }

    /// Reports that something that it needs is not there.
    pub(super) fn absent(&self, expected: &str, found: &str, remedy: &str) -> Reported {
        let text = format!("expected {expected}, found {found}; {remedy}");
        self.document.absence(self.at, &self.path, text);
        Reported
    }

    /// Says something of it that is no mistake. `text` goes on where its name ends.
    pub(super) fn warn(&self, text: &str) {
        let path = &self.path;
        let name =
            if self.value.is_table() && !path.contains('[') { format!("[{path}]") } else { path.clone() };
        self.document.warn(self.at, format!("{name} {text}"));
    }

    /// Its text.
    pub(super) fn text(&self) -> Read<&'d str> {
        self.typed("a text in quotes", "write it in quotes", || match self.value {
            DeValue::String(text) => Some(text.as_ref()),
            _ => None,
        })
    }

    /// Its text, if that is free of a secret for certain or the caller never shows it.
    pub(super) fn parse<T>(
        &self,
        expected: &str,
        remedy: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Read<T> {
        self.typed(expected, remedy, || match self.value {
            DeValue::String(text) => parse(text),
            _ => None,
        })
    }

    /// A whole number of at least `least`.
    pub(super) fn integer(&self, expected: &str, remedy: &str, least: u64) -> Read<u64> {
        self.typed(expected, remedy, || match self.value {
            DeValue::Integer(number) => {
                u64::from_str_radix(number.as_str(), number.radix()).ok().filter(|number| *number >= least)
            }
            _ => None,
        })
    }

    /// `true` or `false`.
    pub(super) fn flag(&self) -> Read<bool> {
        self.typed("true or false", "write true or false without quotes", || self.value.as_bool())
    }

    /// The values of a list.
    pub(super) fn list(&self, expected: &str) -> Read<Vec<Self>> {
        self.typed(&format!("a list of {expected}"), "write it as [ … ]", || self.items())
    }

    /// The values of a list, or the one value that stands alone; at least one.
    pub(super) fn one_or_more(&self, expected: &str) -> Read<Vec<Self>> {
        let items = self.items().unwrap_or_else(|| vec![self.clone()]);
        if items.is_empty() {
            return Err(self.mistake(&format!("at least one of {expected}"), "name one, or remove this key"));
        }
        Ok(items)
    }

    /// The table.
    pub(super) fn section(&self) -> Read<Section<'d>> {
        let table = self.typed("a table", "write it as a [section] or as { key = value }", || {
            if let DeValue::Table(table) = self.value { Some(table) } else { None }
        })?;
        Ok(Section {
            document: self.document,
            path: self.path.clone(),
            at: self.at,
            table,
            asked: Vec::new(),
        })
    }

    fn items(&self) -> Option<Vec<Self>> {
        let DeValue::Array(list) = self.value else { return None };
        let item = |(index, item): (usize, &'d Spanned<DeValue<'d>>)| Self {
            document: self.document,
            path: format!("{}[{index}]", self.path),
            at: item.span().start,
            value: item.get_ref(),
        };
        Some(list.iter().enumerate().map(item).collect())
    }

    fn typed<T>(&self, expected: &str, remedy: &str, read: impl FnOnce() -> Option<T>) -> Read<T> {
        read().ok_or_else(|| self.mistake(expected, remedy))
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Enough of a text to know it again.
fn clip(text: &str) -> String {
    const SHOWN: usize = 60;
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    text.chars().take(SHOWN).chain(['…']).collect()
}
