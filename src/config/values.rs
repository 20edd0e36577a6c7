//! The kinds of value that several sections have. Invariant: each is checked where it is read, so what
//! comes out of here is right.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use url::Url;

use super::document::{Entry, Read};
use crate::event::Severity;

/// One of Discord's ids (a snowflake: an unsigned 64-bit number that is never 0).
pub(super) fn id(entry: &Entry<'_>) -> Read<u64> {
    entry.integer(
        "a Discord id, a whole number above 0",
        "copy the id in Discord (developer mode) and write it without quotes",
        1,
    )
}

/// Reads each entry; one that stands there twice is a mistake.
pub(super) fn unique<'d, T: PartialEq>(
    entries: &[Entry<'d>],
    read: impl Fn(&Entry<'d>) -> Read<T>,
) -> Read<Vec<T>> {
    let mut values = Vec::new();
    for entry in entries {
        let value = read(entry);
        if value.is_ok() && values.contains(&value) {
            values.push(Err(entry.mistake("each value once", "remove the second one")));
        } else {
            values.push(value);
        }
    }
    values.into_iter().collect()
}

/// A map of all entries, each read whatever is wrong with another.
pub(super) fn map<K: Ord, V>(entries: impl Iterator<Item = (K, Read<V>)>) -> Read<BTreeMap<K, V>> {
    // Collecting at once would stop at the first mistake.
    let entries: Vec<_> = entries.collect();
    entries.into_iter().map(|(key, value)| Ok((key, value?))).collect()
}

/// Role ids from a list of the names that `[roles]` gives them. If that has mistakes, no name can be judged.
pub(super) fn role_ids(entry: &Entry<'_>, roles: &Read<BTreeMap<String, u64>>) -> Read<Vec<u64>> {
    unique(&entry.list("names out of [roles]")?, |item| {
        let name = item.text()?;
        let roles = roles.as_ref().map_err(|reported| *reported)?;
        roles.get(name).copied().ok_or_else(|| {
            let known: Vec<_> = roles.keys().map(String::as_str).collect();
            item.absent(
                &format!("a name out of [roles] ({})", known.join(", ")),
                &format!("{name:?}"),
                "add it there, or correct it",
            )
        })
    })
}

/// Severities, one or several.
pub(super) fn severities(entry: &Entry<'_>) -> Read<Vec<Severity>> {
    unique(&entry.one_or_more("critical, warning and info")?, |item| {
        item.parse("critical, warning or info", "write one of these", |name| {
            [Severity::Info, Severity::Warning, Severity::Critical]
                .into_iter()
                .find(|severity| severity.as_str() == name)
        })
    })
}

/// A length of time: a whole number and a unit, at most 100 years.
pub(super) fn duration(entry: &Entry<'_>) -> Read<Duration> {
    const MOST: Duration = Duration::from_hours(24 * 36_500);
    entry.parse(
        "a duration above 0 and up to 36500d: a whole number and one of s, m, h, d, w",
        "write for example \"90d\"",
        |text| {
            let unit = match text.chars().last()? {
                's' => 1,
                'm' => 60,
                'h' => 3_600,
                'd' => 86_400,
                'w' => 604_800,
                _ => return None,
            };
            let number = &text[..text.len() - 1];
            let digits = number.bytes().all(|byte| byte.is_ascii_digit());
            let number = number.parse::<u64>().ok().filter(|_| digits)?;
            let duration = Duration::from_secs(number.checked_mul(unit)?);
            (!duration.is_zero() && duration <= MOST).then_some(duration)
        },
    )
}

/// An address with one of `schemes`. One with a password in it is refused and never shown.
pub(super) fn url(entry: &Entry<'_>, schemes: [&str; 2]) -> Read<Url> {
    let expected = format!("an address that begins with {}://", schemes.join(":// or "));
    // Whatever stands before an @ may be a password.
    if entry.text()?.contains('@') {
        return Err(entry.mistake_found(
            &expected,
            "one with a name or password in it",
            "name the credentials by a key that ends with _file",
        ));
    }
    let remedy = format!("write it whole, for example \"{}://127.0.0.1:9090\"", schemes[0]);
    entry.parse(&expected, &remedy, |text| {
        Url::parse(text).ok().filter(|url| schemes.contains(&url.scheme()) && url.has_host())
    })
}

/// The address of an HTTP server.
pub(super) fn http_url(entry: &Entry<'_>) -> Read<Url> {
    url(entry, ["http", "https"])
}

/// A path, taken from the folder of the configuration file.
pub(super) fn path(entry: &Entry<'_>) -> Read<PathBuf> {
    let path = entry.text()?;
    if path.is_empty() || path.contains('\0') {
        return Err(entry.mistake_found(
            "the path of a file",
            "none",
            "write one, for example \"/run/file\"",
        ));
    }
    Ok(entry.document.file.parent().map_or_else(|| path.into(), |folder| folder.join(path)))
}
