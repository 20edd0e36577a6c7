//! The end of what a step wrote, fit to be shown. Invariants: at most [`LINES`] lines of at most [`LENGTH`]
//! characters; no escape sequences and no other control characters; no secrets, which are masked before anything is
//! cut off.

use std::sync::LazyLock;

use data_encoding::BASE64;
use regex_lite::Regex;

use super::mask::{self, Blocks};
use crate::backends::woodpecker::{LineKind, LogLine};

/// How many lines are kept.
pub(super) const LINES: usize = 20;

/// How long a line may be, in characters.
pub(super) const LENGTH: usize = 300;

/// How much of a line is looked at, in bytes.
const LOOKED_AT: usize = 16 * 1024;

/// The end of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tail {
    /// Its last lines.
    pub(super) lines: Vec<String>,
    /// How many there are before these.
    pub(super) earlier: u64,
}

/// The end of a log that may have come in any order.
pub(super) fn tail(mut log: Vec<LogLine>) -> Tail {
    log.sort_by_key(|entry| entry.line);
    let output = log.iter().filter(|entry| entry.kind == LineKind::Output);
    let texts = output.filter_map(|entry| BASE64.decode(entry.data.trim().as_bytes()).ok());
    let texts: Vec<String> = texts.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect();
    let mut lines: Vec<&str> =
        texts.iter().flat_map(|text| text.trim_end_matches(['\n', '\r']).split('\n')).collect();
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    // A key that is shown in part may have begun long before.
    let mut blocks = Blocks::default();
    let hidden: Vec<bool> = lines.iter().map(|line| blocks.hide(line)).collect();
    let earlier = lines.len().saturating_sub(LINES);
    let shown = lines.iter().zip(hidden).skip(earlier);
    let lines = shown.map(|(line, hidden)| if hidden { mask::MASK.to_owned() } else { text(line) }).collect();
    Tail { lines, earlier: earlier as u64 }
}

/// One line as it would stand on a screen, without secrets, bounded.
pub(super) fn text(raw: &str) -> String {
    // ECMA-48: control sequences, operating system commands and other strings, two-character escapes.
    static ESCAPES: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?|\x{9b}[0-?]*[ -/]*[@-~]";
        #[expect(clippy::expect_used, reason = "the pattern is a constant, and a test compiles it")]
        Regex::new(pattern).expect("a pattern that compiles")
    });
    let looked_at = &raw[..raw.floor_char_boundary(LOOKED_AT)];
    let plain = ESCAPES.replace_all(looked_at, "");
    // A program that shows progress writes over its line.
    let plain = plain.trim_end().rsplit('\r').next().unwrap_or_default();
    let plain: String = plain.chars().filter(|c| *c == '\t' || !c.is_control()).collect();
    cut(&mask::line(&plain), LENGTH)
}

/// At most `limit` characters of `text`; an ellipsis says that some are missing.
pub(super) fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => text.chars().take(limit - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn log(lines: &[&str]) -> Vec<LogLine> {
        let entry = |(line, text): (i64, &&str)| LogLine {
            line,
            data: BASE64.encode(text.as_bytes()),
            kind: LineKind::Output,
        };
        (0..).zip(lines).map(entry).collect()
    }

    #[test]
    fn the_last_lines_stay_in_their_order() {
        let texts: Vec<String> = (0..30).map(|n| format!("line {n}")).collect();
        let mut log = log(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        log.reverse();
        log.push(LogLine { line: 99, data: BASE64.encode(b"3"), kind: LineKind::Other });
        let tail = tail(log);
        assert_eq!((tail.lines.len(), tail.earlier), (LINES, 10));
        assert_eq!((&*tail.lines[0], &*tail.lines[19]), ("line 10", "line 29"));
    }

    #[test]
    fn a_line_stands_as_on_a_screen() {
        for (raw, shown) in [
            (
                "\u{1b}[1;31merror\u{1b}[0m: \u{1b}]8;;https://x.example\u{7}here\u{1b}]8;;\u{7}\r",
                "error: here",
            ),
            ("10 %\r50 %\r100 %", "100 %"),
            ("a\tb\u{8}\u{0}c", "a\tbc"),
            ("pass\u{1b}[1mword\u{1b}[0m=hunter2", "password=********"),
        ] {
            assert_eq!(text(raw), shown);
        }
        assert_eq!(text(&"ä".repeat(1000)).chars().count(), LENGTH);
    }

    #[test]
    fn a_key_that_began_before_the_last_lines_is_hidden() {
        let mut lines = vec!["-----BEGIN RSA PRIVATE KEY-----"];
        lines.extend(["MIIEpAIBAAKCAQEA"; 40]);
        let tail = tail(log(&lines));
        assert!(tail.lines.iter().all(|line| line == mask::MASK), "{tail:?}");
    }

    proptest! {
        #[test]
        fn any_log_is_bounded_and_has_no_control_characters(
            entries in prop::collection::vec((any::<i64>(), any::<String>(), 0..6_i64), 0..60),
        ) {
            let log = entries.into_iter().map(|(line, data, kind)| {
                let data = if kind == 5 { data } else { BASE64.encode(data.as_bytes()) };
                LogLine { line, data, kind: kind.into() }
            });
            let tail = tail(log.collect());
            prop_assert!(tail.lines.len() <= LINES);
            for line in tail.lines {
                prop_assert!(line.chars().count() <= LENGTH);
                prop_assert!(line.chars().all(|c| c == '\t' || !c.is_control()), "{line:?}");
            }
        }
    }
}
