//! A text of several lines, kept as the Markdown that it is where Discord knows it. Invariants: those of
//! [`super`]; a fence is always closed; headings become bold lines, because Discord's are larger than the
//! message; a quote never reaches further than its line; a link stands beside its address, not over it.

use super::{address_length, defuse, visible, web_address};

/// `text` as Markdown for a description.
pub fn block(text: &str) -> String {
    let text = visible(text);
    let mut writer = Writer { out: String::with_capacity(text.len() + 16), heading: false };
    let mut rest = text.as_str();
    let mut line_start = true;
    while !rest.is_empty() {
        if line_start {
            rest = writer.line_prefix(rest);
            line_start = false;
            continue;
        }
        line_start = rest.starts_with('\n');
        rest = writer.step(rest);
    }
    writer.end_line();
    defuse(writer.out.trim())
}

struct Writer {
    out: String,
    /// Whether the line is a heading, which is shown bold.
    heading: bool,
}

impl Writer {
    /// Takes what may stand before the text of a line: quotes, bullets, a heading's mark.
    fn line_prefix<'a>(&mut self, line: &'a str) -> &'a str {
        let mut rest = line;
        let mut nested = false;
        loop {
            let spaces = rest.len() - rest.trim_start_matches(' ').len();
            self.out.push_str(&rest[..spaces]);
            rest = &rest[spaces..];
            if let Some(after) = rest.strip_prefix(">>>").or_else(|| rest.strip_prefix('>')) {
                self.out.push('>');
                rest = after;
                nested = true;
            } else if let Some(after) = ["- ", "* ", "+ "].iter().find_map(|mark| rest.strip_prefix(mark)) {
                self.out.push_str("- ");
                rest = task_box(after).map_or(after, |(shown, after)| {
                    self.out.push_str(shown);
                    after
                });
                nested = true;
            } else {
                break;
            }
        }
        if rest.starts_with("-#") {
            self.out.push('\\');
            self.out.push('-');
            return &rest[1..];
        }
        let marks = rest.len() - rest.trim_start_matches('#').len();
        let text = rest[marks..].trim_start_matches(' ');
        if (1..=6).contains(&marks) && rest[marks..].starts_with(' ') {
            if nested || text.is_empty() || text.starts_with('\n') {
                self.out.push('\\');
                self.out.push_str(&rest[..marks]);
                return &rest[marks..];
            }
            self.out.push_str("**");
            self.heading = true;
            return text;
        }
        rest
    }

    /// Takes one element within a line; returns what follows it.
    fn step<'a>(&mut self, rest: &'a str) -> &'a str {
        let Some(c) = rest.chars().next() else { return "" };
        let after = &rest[c.len_utf8()..];
        let address = address_length(rest);
        if address > 0 {
            self.out.push_str(&rest[..address]);
            return &rest[address..];
        }
        match c {
            '`' => self.backticks(rest),
            '\\' => self.backslash(after),
            '<' if rest.starts_with("<!--") => rest.split_once("-->").map_or("", |(_, after)| after),
            '!' if after.starts_with('[') => match self.link(after) {
                Some(after) => after,
                None => self.keep("!", after),
            },
            '[' => match self.link(rest) {
                Some(after) => after,
                None => self.keep("\\[", after),
            },
            '*' if self.heading && after.starts_with('*') => &after[1..],
            '\n' => {
                self.end_line();
                // More than one empty line only costs room.
                if !self.out.ends_with("\n\n") {
                    self.out.push('\n');
                }
                after
            }
            _ => self.keep(&rest[..c.len_utf8()], after),
        }
    }

    fn keep<'a>(&mut self, shown: &str, after: &'a str) -> &'a str {
        self.out.push_str(shown);
        after
    }

    fn end_line(&mut self) {
        if std::mem::take(&mut self.heading) {
            self.out.truncate(self.out.trim_end_matches([' ', '#']).len());
            self.out.push_str("**");
        }
    }

    /// A backslash takes the mark after it with it, as it does for Discord.
    fn backslash<'a>(&mut self, after: &'a str) -> &'a str {
        match after.chars().next() {
            Some(mark) if !mark.is_ascii_alphanumeric() && !mark.is_whitespace() => {
                self.out.push('\\');
                self.out.push(mark);
                &after[mark.len_utf8()..]
            }
            _ => self.keep("\\\\", after),
        }
    }

    /// Code: a block from three backticks to the next three, closed if its author did not; a span from one
    /// or two to as many, else only the characters.
    fn backticks<'a>(&mut self, rest: &'a str) -> &'a str {
        let after = rest.trim_start_matches('`');
        let run = rest.len() - after.len();
        if run >= 3 {
            let (inside, after) = match after.find("```") {
                Some(end) => (&after[..end], after[end..].trim_start_matches('`')),
                None => (after, ""),
            };
            self.end_line();
            self.fence(inside);
            return after;
        }
        if let Some((inside, after)) = split_at_run(after, run) {
            let ticks = &rest[..run];
            self.out.push_str(ticks);
            self.out.push_str(inside);
            self.out.push_str(ticks);
            return after;
        }
        self.out.push_str(&"\\`".repeat(run));
        after
    }

    fn fence(&mut self, inside: &str) {
        let (info, code) = inside.split_once('\n').unwrap_or(("", inside));
        if code.trim().is_empty() {
            return;
        }
        // Discord takes only one plain word as the language.
        let language: String =
            info.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || "+-_.#".contains(*c)).collect();
        self.out.push_str("```");
        self.out.push_str(&language);
        self.out.push('\n');
        self.out.push_str(code.trim_end());
        self.out.push_str("\n```");
    }

    /// `[text](address)` as `text (address)`, so that the address is seen; what follows it. `None` if
    /// `rest` does not begin with a link.
    fn link<'a>(&mut self, rest: &'a str) -> Option<&'a str> {
        let (text, after) = rest.strip_prefix('[')?.split_once(']')?;
        let (inside, after) = after.strip_prefix('(')?.split_once(')')?;
        if text.contains(['[', '\n', '`', '\\']) || inside.contains('\n') {
            return None;
        }
        // An address may be followed by a title in quotes.
        let address = inside.split_whitespace().next().unwrap_or_default().trim_matches(['<', '>']);
        let text = text.trim();
        self.out.push_str(text);
        if let Some(shown) = web_address(address).filter(|shown| shown != text && address != text) {
            self.out.extend([if text.is_empty() { "(" } else { " (" }, &shown, ")"]);
        }
        Some(after)
    }
}

/// The box of a task at the start of `text`, as a character.
fn task_box(text: &str) -> Option<(&'static str, &str)> {
    let boxes = [("[ ] ", "☐ "), ("[x] ", "☑ "), ("[X] ", "☑ ")];
    boxes.into_iter().find_map(|(mark, shown)| Some((shown, text.strip_prefix(mark)?)))
}

/// Splits at the first run of exactly `length` backticks, if there is one before a fence and something stands
/// before it. A span that holds a fence could be read either way.
fn split_at_run(text: &str, length: usize) -> Option<(&str, &str)> {
    let mut from = 0;
    loop {
        let start = from + text[from..].find('`')?;
        let end = start + text[start..].len() - text[start..].trim_start_matches('`').len();
        let run = end - start;
        if run == length {
            return (!text[..start].trim().is_empty()).then(|| (&text[..start], &text[end..]));
        }
        if run >= 3 {
            return None;
        }
        from = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_that_discord_knows_is_kept() {
        for text in
            ["**bold** and *it* and `code`", "- one\n- two", "> quoted", "1. first\n2. second", "~~gone~~"]
        {
            assert_eq!(block(text), text);
        }
        assert_eq!(block("```rust\nlet a = 1;\n```\nafter"), "```rust\nlet a = 1;\n```\nafter");
    }

    #[test]
    fn headings_and_quotes_stay_in_their_place() {
        assert_eq!(block("# Why\nBecause."), "**Why**\nBecause.");
        assert_eq!(block("### Big **word** ##"), "**Big word**");
        assert_eq!(block(">>> all of it\nis it?"), "> all of it\nis it?");
        assert_eq!(block("> # shout"), "> \\# shout");
        assert_eq!(block("-# small · vg-000000"), "\\-# small · vg-000000");
        assert_eq!(block("#12 is no heading"), "#12 is no heading");
    }

    #[test]
    fn a_link_stands_beside_its_address() {
        assert_eq!(block("[the docs](https://docs.example.org/x)"), "the docs (https://docs.example.org/x)");
        assert_eq!(block("[bank.example](https://evil.example)"), "bank.example (https://evil.example/)");
        assert_eq!(block("![shot](https://a.example/s.png \"t\")"), "shot (https://a.example/s.png)");
        assert_eq!(block("[local](/docs/x.md)"), "local");
        assert_eq!(block("[https://a.example/](https://a.example/)"), "https://a.example/");
        assert_eq!(block(r"[a\](https://evil.example)"), r"\[a\](https://evil.example)");
        assert_eq!(block(r"\[a](https://evil.example)"), r"\[a](https://evil.example)");
        assert_eq!(block(r"\\[a](https://evil.example)"), r"\\a (https://evil.example/)");
    }

    #[test]
    fn code_is_always_closed() {
        assert_eq!(block("```\nopen"), "```\nopen\n```");
        assert_eq!(block("````md\nx\n````"), "```md\nx\n```");
        assert_eq!(block("``````"), "");
        assert_eq!(block("a ` b"), "a \\` b");
        assert_eq!(block("``a`b``"), "``a`b``");
        assert_eq!(block("```rust,ignore\nx```"), "```rust\nx\n```");
    }

    #[test]
    fn tasks_show_boxes_and_comments_vanish() {
        assert_eq!(
            block("- [x] done\n- [ ] open\n<!-- say\nwhy -->\n\n\n\nend"),
            "- ☑ done\n- ☐ open\n\nend"
        );
    }
}
