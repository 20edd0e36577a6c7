//! How long the parts of a message may be. Invariants: lengths are counted in UTF-16 units, the most that
//! Discord was seen to count (go-gitea/gitea#34084 measured less for characters outside the basic plane);
//! what is cut is cut in the middle, between two graphemes, and says how much is missing.
//!
//! Discord's own limits ("Embed Limits", developer documentation): title 256, description 4096, 25 fields
//! of 256 + 1024, footer 2048, author 256, and 6000 over all of these together. The bounds below are
//! smaller, chosen for reading on a phone, so that the largest possible message stays under 6000.

use unicode_segmentation::UnicodeSegmentation;

/// A repository's full name.
pub const REPOSITORY: usize = 90;
/// A name in a title: a branch, a tag, a page, or the title of an issue.
pub const NAME: usize = 100;
/// The author's name.
pub const AUTHOR: usize = 80;
/// A short fact in a field: a branch, a milestone.
pub const FACT: usize = 100;
/// A list in a field: labels, people.
pub const LIST: usize = 250;
/// What an alert says in one line, or what a unit is for.
pub const SUMMARY: usize = 300;
/// What an alert, a monitor or a deployer says at length.
pub const ACCOUNT: usize = 900;
/// The labels of an alert.
pub const LABELS: usize = 600;
/// What a CI says of a pipeline that it could not run.
pub const ERRORS: usize = 450;
/// The end of a log, or of several together.
pub const LOG: usize = 1500;
/// The lines of a history.
pub const HISTORY: usize = 1000;
/// What people wrote: descriptions, comments, reviews.
pub const BODY: usize = 1500;
/// Lists of lines and release notes, which are themselves what the message is about.
pub const LONG_BODY: usize = 3000;

/// The length of `text` as Discord counts it at most: in UTF-16 units.
pub fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// `raw` made presentable by `clean`, and cut in the middle so that the result has at most `limit` units.
/// `missing` says in the reader's language that so many characters were left out; it must be far shorter
/// than `limit`. Cutting comes before cleaning, so each half is presentable in itself: no escape is torn
/// apart, no code block stays open.
pub fn shorten(
    raw: &str,
    limit: usize,
    missing: impl Fn(usize) -> String,
    clean: impl Fn(&str) -> String,
) -> String {
    shorten_halves(raw, limit, missing, |half, _| clean(half))
}

/// As [`shorten`]; `clean` is also told where in `raw` its half begins.
pub fn shorten_halves(
    raw: &str,
    limit: usize,
    missing: impl Fn(usize) -> String,
    clean: impl Fn(&str, usize) -> String,
) -> String {
    let whole = clean(raw, 0);
    if units(&whole) <= limit {
        return whole;
    }
    let starts: Vec<usize> = raw.grapheme_indices(true).map(|(start, _)| start).collect();
    let cut = |kept: usize| {
        let tail = kept / 3;
        let head_end = starts.get(kept - tail).copied().unwrap_or(raw.len());
        let tail_start = starts.get(starts.len() - tail).copied().unwrap_or(raw.len());
        let left_out = raw[head_end..tail_start].chars().count();
        format!(
            "{}{}{}",
            clean(&raw[..head_end], 0),
            missing(left_out),
            clean(&raw[tail_start..], tail_start)
        )
    };
    // The largest number of graphemes that fits, by bisection; none at all always fits.
    let (mut low, mut high) = (0, starts.len().min(limit));
    while low < high {
        let middle = (low + high).div_ceil(2);
        if units(&cut(middle)) <= limit {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    cut(low)
}

/// As many of `parts` as fit into `limit` units when joined by `separator`; `more` says how many are left.
pub fn join(parts: &[String], separator: &str, limit: usize, more: impl Fn(usize) -> String) -> String {
    (0..=parts.len())
        .rev()
        .map(|shown| {
            let mut text = parts[..shown].join(separator);
            if shown < parts.len() {
                if shown > 0 {
                    text.push_str(separator);
                }
                text.push_str(&more(parts.len() - shown));
            }
            text
        })
        .find(|text| units(text) <= limit)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(raw: &str, limit: usize) -> String {
        shorten(raw, limit, |n| format!("…{n}…"), ToOwned::to_owned)
    }

    #[test]
    fn a_text_is_cut_in_the_middle_and_says_how_much_is_missing() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("abcdefghijklmnopqrstuvwxyz", 12), "abcdef…18…yz");
    }

    #[test]
    fn length_is_counted_in_utf_16_and_a_grapheme_stays_whole() {
        assert_eq!(units("🔷"), 2);
        let family = "👨‍👩‍👧";
        let text = cut(&family.repeat(20), 40);
        assert!(units(&text) <= 40, "{text}");
        assert_eq!(text.matches('👨').count(), text.matches('👧').count(), "{text}");
    }

    #[test]
    fn a_list_says_how_many_did_not_fit() {
        let parts = ["one", "two", "three"].map(String::from);
        let join = |limit| join(&parts, ", ", limit, |n| format!("+{n}"));
        assert_eq!(join(20), "one, two, three");
        assert_eq!(join(12), "one, two, +1");
        assert_eq!(join(7), "one, +2");
        assert_eq!(join(2), "+3");
    }
}
