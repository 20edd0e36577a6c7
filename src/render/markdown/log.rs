//! The end of a program's log, as a block of code. Invariants: those of [`super`]; nothing in the log closes
//! the block; colours and what a progress bar wrote over are gone, as they are on a terminal.

use super::{defuse, visible};
use crate::render::limits::{shorten, units};

/// How long a line may be.
const LINE: usize = 200;
const OPEN: &str = "```\n";
const CLOSE: &str = "\n```";

/// A block of at most `limit` units that ends with the last of `lines`, and how many of them it has; without
/// any that says something, an empty text.
pub fn log(lines: &[String], limit: usize) -> (String, usize) {
    let mut length = OPEN.len() + CLOSE.len();
    let mut shown: Vec<String> = Vec::new();
    for raw in lines.iter().rev() {
        let line = line(raw);
        length += units(&line) + 1;
        if length > limit {
            break;
        }
        shown.push(line);
    }
    let count = shown.len();
    shown.reverse();
    let text = shown.join("\n");
    if text.trim().is_empty() { (String::new(), 0) } else { (format!("{OPEN}{text}{CLOSE}"), count) }
}

fn line(raw: &str) -> String {
    let text = raw.trim_end();
    let text = without_colors(text.rsplit('\r').next().unwrap_or(text));
    let missing = |n: usize| format!("… +{n} …");
    shorten(&text, LINE, missing, |part| defuse(&visible(part).replace('\n', " ").replace("```", "ˋˋˋ")))
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
        let (block, shown) = log(&lines("one\ntwo\n  three"), 20);
        assert_eq!((block.as_str(), shown), ("```\ntwo\n  three\n```", 2));
    }

    #[test]
    fn nothing_in_a_log_closes_its_block() {
        let (block, _) = log(&lines("a ```` b\n``` @everyone"), 100);
        assert_eq!(block, "```\na ˋˋˋ` b\nˋˋˋ @\u{200b}everyone\n```");
    }

    #[test]
    fn a_log_shows_what_a_terminal_would() {
        let (block, _) = log(&lines("\u{1b}[1;31merror\u{1b}[0m: no lamp\r\n10 %\r50 %\r100 %"), 100);
        assert_eq!(block, "```\nerror: no lamp\n100 %\n```");
    }

    #[test]
    fn a_long_line_is_cut_in_the_middle_and_an_empty_log_is_no_block() {
        let (block, shown) = log(&lines(&"x".repeat(1000)), 300);
        assert!(shown == 1 && units(&block) <= 300 && block.contains("… +8"), "{block}");
        assert_eq!(log(&lines("\n \n"), 300), (String::new(), 0));
    }
}
