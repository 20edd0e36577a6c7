//! The end of a program's log, as a block of code. Invariants: those of [`super`]; nothing in the log closes
//! the block; colours and what a progress bar wrote over are gone, as they are on a terminal.

use super::{defuse, visible};
use crate::render::limits::{shorten, units};

/// How long a line may be.
const LINE: usize = 200;
const OPEN: &str = "```\n";
const CLOSE: &str = "\n```";

/// The end of a log as it is shown.
pub struct Log {
    /// A block of code; empty if no line says something.
    pub block: String,
    /// How many of the lines it has.
    pub shown: usize,
    /// All lines as they stood on the terminal, if the block has not each of them whole.
    pub whole: Option<String>,
}

/// The last of `lines` that fit into `limit` units.
pub fn log(lines: &[String], limit: usize) -> Log {
    let plain: Vec<String> = lines.iter().map(|raw| on_terminal(raw)).collect();
    let mut length = OPEN.len() + CLOSE.len();
    let mut shown: Vec<String> = Vec::new();
    for text in plain.iter().rev() {
        let line = line(text);
        length += units(&line) + 1;
        if length > limit {
            break;
        }
        shown.push(line);
    }
    let count = shown.len();
    shown.reverse();
    let text = shown.join("\n");
    let is_cut = count < lines.len() || plain.iter().any(|text| units(text) > LINE);
    let whole = is_cut.then(|| plain.join("\n"));
    if text.trim().is_empty() {
        return Log { block: String::new(), shown: 0, whole };
    }
    Log { block: format!("{OPEN}{text}{CLOSE}"), shown: count, whole }
}

/// What is left of a line on a terminal.
fn on_terminal(raw: &str) -> String {
    let text = raw.trim_end();
    without_colors(text.rsplit('\r').next().unwrap_or(text))
}

fn line(text: &str) -> String {
    let missing = |n: usize| format!("… +{n} …");
    shorten(text, LINE, missing, |part| defuse(&visible(part).replace('\n', " ").replace("```", "ˋˋˋ")))
}

/// `text` without control sequences (ECMA-48, section 5.4: `ESC [`, parameters, a final byte `@` to `~`).
fn without_colors(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut out, part| {
        let end = part.find(|c: char| ('@'..='~').contains(&c)).map_or(part.len(), |end| end + 1);
        out.push_str(&part[end..]);
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.split('\n').map(ToOwned::to_owned).collect()
    }

    #[test]
    fn the_last_lines_are_kept_with_their_indentation() {
        let log = log(&lines("one\ntwo\n  three"), 20);
        assert_eq!((log.block.as_str(), log.shown), ("```\ntwo\n  three\n```", 2));
        assert_eq!(log.whole.unwrap(), "one\ntwo\n  three");
    }

    #[test]
    fn nothing_in_a_log_closes_its_block() {
        let Log { block, whole, .. } = log(&lines("a ```` b\n``` @everyone"), 100);
        assert_eq!(block, "```\na ˋˋˋ` b\nˋˋˋ @\u{200b}everyone\n```");
        assert_eq!(whole, None, "nothing is missing");
    }

    #[test]
    fn a_log_shows_what_a_terminal_would() {
        let Log { block, .. } = log(&lines("\u{1b}[1;31merror\u{1b}[0m: no lamp\r\n10 %\r50 %\r100 %"), 100);
        assert_eq!(block, "```\nerror: no lamp\n100 %\n```");
    }

    #[test]
    fn a_long_line_is_cut_in_the_middle_and_an_empty_log_is_no_block() {
        let Log { block, shown, whole } = log(&lines(&"x".repeat(1000)), 300);
        assert!(shown == 1 && units(&block) <= 300 && block.contains("… +8"), "{block}");
        assert_eq!(whole.unwrap(), "x".repeat(1000));
        let nothing = log(&lines("\n \n"), 300);
        assert_eq!((nothing.block.as_str(), nothing.shown, nothing.whole), ("", 0, None));
    }
}
