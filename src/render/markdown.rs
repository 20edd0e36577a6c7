//! Other people's words inside Discord's Markdown. Invariants of every function here: the result mentions
//! nobody, shows where each of its links leads, holds no character that is invisible or turns the reading
//! direction, and leaves nothing open (code, link) that could swallow what stands after it.
//!
//! Discord's Markdown is described in its help centre ("Markdown Text 101") and, for mentions, timestamps
//! and command links, in the developer documentation ("Message Formatting").

mod block;
mod log;

use jiff::Timestamp;
use url::{Position, Url};

pub use self::{
    block::block,
    log::{Log, log},
};

/// A mark that is not seen, put where a mention would otherwise begin.
const BREAK: char = '\u{200b}';

/// One line of plain text, for places where Discord reads no Markdown (author, footer).
pub fn plain(text: &str) -> String {
    defuse(&one_line(text))
}

/// One line that shows exactly these characters where Discord reads Markdown (titles, names, lists).
pub fn inline(text: &str) -> String {
    let text = one_line(text);
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        let address = address_length(rest);
        if address > 0 {
            out.push_str(&rest[..address]);
            rest = &rest[address..];
            continue;
        }
        let starts_block = out.is_empty() && matches!(c, '#' | '>' | '-' | '+');
        if starts_block || matches!(c, '\\' | '`' | '*' | '_' | '~' | '|' | '[' | ']') {
            out.push('\\');
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    defuse(&out)
}

/// Several lines that show exactly these characters where Discord reads Markdown.
pub fn lines(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len() + 8);
    for line in text.trim().lines().map(inline) {
        // More than one empty line only costs room.
        if !line.is_empty() || !out.ends_with("\n\n") {
            out.push_str(&line);
            out.push('\n');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// `text` as inline code.
pub fn code(text: &str) -> String {
    // No escape works within code, so a backtick becomes the character that looks most like it.
    let text = plain(text).replace('`', "ˋ");
    if text.is_empty() { "`?`".into() } else { format!("`{text}`") }
}

/// A link with the given Markdown as its text, or that Markdown alone if `address` is no web address or the
/// text has brackets, by which it could end the link and begin another.
pub fn link(markdown: &str, address: Option<&str>) -> String {
    match address.and_then(web_address).filter(|_| !markdown.contains(['[', ']'])) {
        Some(address) => format!("[{markdown}]({address})"),
        None => markdown.to_owned(),
    }
}

/// A time as each reader's Discord tells it ("3 minutes ago"), in their own language and time zone.
pub fn ago(at: Timestamp) -> String {
    format!("<t:{}:R>", at.as_second())
}

/// A time of day, to the minute.
pub fn hour(at: Timestamp) -> String {
    format!("<t:{}:t>", at.as_second())
}

/// A time of day, to the second.
pub fn second(at: Timestamp) -> String {
    format!("<t:{}:T>", at.as_second())
}

/// A day and a time.
pub fn date(at: Timestamp) -> String {
    format!("<t:{}:f>", at.as_second())
}

/// A user of Discord by their id. Within an embed it shows a name and pings nobody.
pub fn user(id: u64) -> String {
    format!("<@{id}>")
}

/// `address` in its canonical form, if it is one that a reader may be sent to: http or https, with a host,
/// without a name or password that makes the host look like another. Characters that mean something in Markdown,
/// or that RFC 3986 does not allow where they stand, are percent-encoded. At most 500 characters: a longer one would crowd out the text.
pub fn web_address(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let honest =
        matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    let mut text = url[..Position::BeforePath].to_owned();
    let mut rest = &url[Position::BeforePath..];
    let mut within_fragment = false;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let begins_fragment = c == '#' && !within_fragment;
        within_fragment |= begins_fragment;
        let is_encoded = c == '%' && rest.len() >= 2 && rest.bytes().take(2).all(|b| b.is_ascii_hexdigit());
        if c.is_ascii_alphanumeric() || "-._~:/?!$&'+,;=".contains(c) || begins_fragment || is_encoded {
            text.push(c);
        } else {
            text.extend(c.to_string().bytes().map(|byte| format!("%{byte:02X}")));
        }
    }
    (honest && url.has_host() && text.len() <= 500).then_some(text)
}

/// `address` as [`web_address`], if Discord takes it as the address of an embed: it refuses the whole
/// message if the host is neither an IP address nor has a dot (go-gitea/gitea#11124, bugsink/bugsink#280).
pub fn embed_address(address: &str) -> Option<String> {
    let url = Url::parse(&web_address(address)?).ok()?;
    let known = match url.host()? {
        url::Host::Domain(name) => name.trim_matches('.').contains('.'),
        url::Host::Ipv4(_) | url::Host::Ipv6(_) => true,
    };
    known.then(|| url.into())
}

/// `text` without what is not seen: control characters, marks that turn the reading direction, spaces
/// without width, tags. Line ends become `\n`. The joiners stay where they join: in emoji and in scripts
/// that need them.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            '\t' => out.push_str("    "),
            '\u{200c}' | '\u{200d}' => {
                if out.chars().next_back().is_some_and(|before| !before.is_ascii()) {
                    out.push(c);
                }
            }
            '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

fn one_line(text: &str) -> String {
    visible(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How many bytes at the start of `text` are a web address that Discord makes a link of by itself. It ends
/// before whatever could also be Markdown; zero if there is none.
fn address_length(text: &str) -> usize {
    let Some(scheme) = ["https://", "http://"].into_iter().find(|scheme| text.starts_with(scheme)) else {
        return 0;
    };
    let ends = |c: char| c.is_whitespace() || "<>[]()`|\"*\\~".contains(c);
    let rest = &text[scheme.len()..];
    let length = rest.find(ends).unwrap_or(rest.len());
    if length == 0 { 0 } else { scheme.len() + length }
}

/// `text` with each mention, command link, timestamp and emoji code broken, so that it shows as written.
/// Works inside code too, where a backslash would be seen.
fn defuse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        out.push(c);
        rest = &rest[c.len_utf8()..];
        let begins =
            |word: &str| rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        let live = match c {
            // What comes after the end is not known here.
            '@' | '<' if rest.is_empty() => true,
            '@' => begins("everyone") || begins("here"),
            '<' => {
                ["@", "#", ":", "a:", "t:", "id:"].into_iter().any(begins)
                    || (begins("/") && rest.split('>').next().is_some_and(|inside| inside.contains(':')))
            }
            _ => false,
        };
        if live {
            out.push(BREAK);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_shows_exactly_what_was_written() {
        assert_eq!(
            inline("fix *all* the_things [now](https://evil.example)"),
            r"fix \*all\* the\_things \[now\](https://evil.example)"
        );
        assert_eq!(inline("# not a heading\nsecond"), r"\# not a heading second");
        assert_eq!(inline("see https://docs.example.org/a_b_c."), "see https://docs.example.org/a_b_c.");
        assert_eq!(inline(r"a\*b"), r"a\\\*b");
    }

    #[test]
    fn nobody_is_mentioned() {
        for text in
            ["@everyone", "@Here", "<@1>", "<@&2>", "<#3>", "</go:4>", "<t:5:R>", "<:x:6>", "<id:guide>"]
        {
            for shown in [plain(text), inline(text), code(text), block(text)] {
                assert!(shown.contains(BREAK), "{text} became {shown}");
            }
        }
        assert_eq!(plain("ada@example.org, </div>, 1 < 2"), "ada@example.org, </div>, 1 < 2");
        assert_eq!(plain("@\u{200b}every\u{2060}one"), "@\u{200b}everyone", "the break is ours, not theirs");
    }

    #[test]
    fn what_is_not_seen_goes_and_what_joins_stays() {
        assert_eq!(plain("exe.\u{202e}gpj\u{0}\u{7}"), "exe.gpj");
        assert_eq!(plain("a\u{200d}b 👩\u{200d}🚀"), "ab 👩\u{200d}🚀");
    }

    #[test]
    fn code_can_not_be_left_by_a_backtick() {
        assert_eq!(code("a`b"), "`aˋb`");
        assert_eq!(code(""), "`?`");
    }

    #[test]
    fn only_honest_web_addresses_become_links() {
        assert_eq!(link("x", Some("javascript:alert(1)")), "x");
        assert_eq!(link("x", Some("https://bank.example@evil.example/")), "x");
        assert_eq!(
            link("x", Some("https://a.example/b(c)?d=[e]")),
            "[x](https://a.example/b%28c%29?d=%5Be%5D)"
        );
        assert_eq!(
            link("x", Some("https://a.example/100%/é?q={a=\"b\"}#c#d")),
            "[x](https://a.example/100%25/%C3%A9?q=%7Ba=%22b%22%7D#c%23d)"
        );
        assert_eq!(link("x", None), "x");
    }

    #[test]
    fn an_embed_has_no_address_that_discord_refuses() {
        assert_eq!(embed_address("http://gitea:3000/a"), None);
        assert_eq!(embed_address("http://localhost:3000/a"), None);
        assert_eq!(embed_address("http://192.168.1.2:3000/a").as_deref(), Some("http://192.168.1.2:3000/a"));
        assert_eq!(embed_address("https://git.example.org/a").as_deref(), Some("https://git.example.org/a"));
        assert_eq!(embed_address("ftp://git.example.org/a"), None);
    }
}
