//! Takes secrets out of what a step wrote. Invariants: what stands behind a name that says "secret", in an
//! authorization header, in the user part of an address, in a block of a private key, and what has the shape of a
//! known kind of token, is replaced by [`MASK`]; rather too much is masked than too little. A secret without a name
//! and without a shape can't be known; those that Woodpecker holds, it masks itself.

use std::{borrow::Cow, sync::LazyLock};

use regex_lite::{Captures, Regex};

/// What stands where a secret stood.
pub(super) const MASK: &str = "********";

/// What names of secrets have in them.
const SECRET: &str = concat!(
    r"(?:password|passwd|passphrase|pwd|[_-](?:pass|pw|auth)\b|secret|token|api[_-]?key|access[_-]?key",
    r"|private[_-]?key|credential)",
);

/// Shapes of tokens, each with what makes it certain.
const SHAPES: &str = concat!(
    // AWS access keys; age's secret keys.
    r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b|AGE-SECRET-KEY-1[0-9A-Z]+",
    // GitHub; GitLab (glpat-, gldt-, glrt-, glcbt-, …); npm; Slack; Stripe; OpenAI and Anthropic; Google.
    r"|\bgh[opusr]_[A-Za-z0-9]{16,}|\bgithub_pat_[A-Za-z0-9_]{16,}|\bgl[a-z]{1,6}-[A-Za-z0-9_-]{16,}(?:\.[0-9a-z]+)*",
    r"|\bnpm_[A-Za-z0-9]{30,}|\bxox[a-z]-[A-Za-z0-9-]{10,}|\b[rs]k_(?:live|test)_[A-Za-z0-9]{10,}",
    r"|\bsk-[A-Za-z0-9_-]{20,}|\bAIza[A-Za-z0-9_-]{30,}",
    // Discord's bot tokens, and JSON Web Tokens such as Woodpecker's own.
    r"|\b[MNO][A-Za-z0-9_-]{22,}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{25,}",
    r"|\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)?",
);

struct Rules {
    /// `Authorization: …`, up to the quote that ends it or the line's end.
    header: Regex,
    /// `password=…`, `"token": "…"`, `--secret …`; the value is the last group.
    named: Regex,
    /// `curl -u user:password`.
    user: Regex,
    /// `Bearer …`, `token …`.
    scheme: Regex,
    /// `https://user:password@host`.
    address: Regex,
    /// The last part of a webhook's address at Discord or Slack.
    webhook: Regex,
    shapes: Regex,
}

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the patterns are constants, and a test compiles them")]
    let regex = |pattern: &str| Regex::new(pattern).expect("a pattern that compiles");
    let value = r#"("(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s"':=][^\s"']*)"#;
    Rules {
        header: regex(r#"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(["']?\s*[:=]\s*["']?)[^"'\r\n]+"#),
        named: regex(&format!(
            r#"(?i)((?:--[\w.-]*{SECRET}[\w.-]*["']?(?:\s*[=:]\s*|\s+))|(?:[\w.-]*{SECRET}[\w.-]*["'\]]*\s*(?:=>|:=|[=:])\s*))\\?{value}"#
        )),
        user: regex(r#"(\s(?:-u|--user)[\s=]*["']?[^\s:"']+:)[^\s"']+"#),
        scheme: regex(r"(?i)\b(bearer|basic|token)(\s+)([A-Za-z0-9._~+/=-]{8,})"),
        address: regex(r"\b([a-zA-Z][a-zA-Z0-9+.-]*://)[^\s/@]+@"),
        webhook: regex(
            r"(?i)\b(discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/|hooks\.slack\.com/\w+/\w+/\w+/)[\w-]+",
        ),
        shapes: regex(SHAPES),
    }
});

/// `line` without secrets.
pub(super) fn line(line: &str) -> Cow<'_, str> {
    let rules = &*RULES;
    let hide_all = |found: &Captures<'_>| format!("{}{MASK}", &found[1]);
    let text =
        rules.header.replace_all(line, |found: &Captures<'_>| format!("{}{}{MASK}", &found[1], &found[2]));
    let text = chain(text, |text| {
        rules.address.replace_all(text, |found: &Captures<'_>| format!("{}{MASK}@", &found[1]))
    });
    let text = chain(text, |text| rules.webhook.replace_all(text, hide_all));
    let text = chain(text, |text| rules.user.replace_all(text, hide_all));
    let text = chain(text, |text| rules.named.replace_all(text, hide_all));
    let text = chain(text, |text| {
        rules.scheme.replace_all(text, |found: &Captures<'_>| {
            // "token expected" is prose; "token 0f3a…" is none.
            let prose = found[3].bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'.')
                && found[3].len() < 20;
            if prose { found[0].to_owned() } else { format!("{}{}{MASK}", &found[1], &found[2]) }
        })
    });
    chain(text, |text| rules.shapes.replace_all(text, MASK))
}

/// Replaces further in what was replaced already.
fn chain(text: Cow<'_, str>, replace: impl FnOnce(&str) -> Cow<'_, str>) -> Cow<'_, str> {
    match replace(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(changed) => Cow::Owned(changed),
    }
}

/// Where in blocks of private keys (PEM, OpenSSH, PGP) a log stands.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    within: bool,
}

impl Blocks {
    /// Whether the next line belongs to a private key, its first and last line among it.
    pub(super) fn hide(&mut self, line: &str) -> bool {
        let marks = |mark: &str| line.split_once(mark).is_some_and(|(_, name)| name.contains("PRIVATE KEY"));
        let before = self.within;
        let (begins, ends) = (marks("-----BEGIN "), marks("-----END "));
        self.within = (before || begins) && !ends;
        before || begins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_masked() {
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyLWlkIjoiMSJ9.c2lnbmF0dXJlLW9mLWl0";
        let cases = [
            ("export DB_PASSWORD=hunter2", "hunter2"),
            ("password: \"two words\", next", "two words"),
            ("{\"api_key\":\"abc\\\"def\",\"a\":1}", "def"),
            ("mysql --password hunter2 --host db", "hunter2"),
            ("login --registry-token=hunter2", "hunter2"),
            ("secret => 'hunter2'", "hunter2"),
            ("+ DB_PASS=hunter2 ./migrate", "hunter2"),
            ("+ curl -u bot:hunter2 https://x.example", "hunter2"),
            ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "wJalr"),
            ("> Authorization: Basic aHVudGVyMg==", "aHVudGVy"),
            ("curl -H 'authorization: token abcdef' https://x.example", "abcdef"),
            ("Cookie: user_sess=abc; other=hunter2", "hunter2"),
            ("using bearer abcdefgh12345", "abcdefgh"),
            ("remote uses token 0f3a9c1b", "0f3a9c1b"),
            ("git clone https://bot:hunter2@git.example/a.git", "hunter2"),
            ("git clone https://hunter2@git.example/a.git", "hunter2"),
            ("POST https://discord.com/api/webhooks/123/hunter-2_x", "hunter-2_x"),
            ("id AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7"),
            ("found ghp_0123456789abcdefghij0123456789abcdef", "ghp_0123"),
            ("found github_pat_0123456789abcdefghij_0123", "0123456789abc"),
            ("found glpat-abcdefghij0123456789", "abcdefghij"),
            (&format!("got {jwt}"), "c2lnbmF0dXJl"),
            ("bot MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.abcdefghijklmnopqrstuvwxyz0123", "abcdefghijkl"),
            ("AGE-SECRET-KEY-1QQQQQQQQ", "QQQQ"),
        ];
        for (text, secret) in cases {
            let masked = line(text);
            assert!(!masked.contains(secret) && masked.contains(MASK), "{text} -> {masked}");
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "error: unexpected token at line 3",
            "unexpected token expected.identifier",
            "test tokens::are_counted ... FAILED",
            "  left: 4\n right: 5",
            "see https://git.example/harbor/lighthouse/commit/0f3a9c1b",
            "mail bruno@harbor.example",
            "basic tests passed",
            "is_authenticated: true, by_pass_filter: 3",
        ] {
            assert_eq!(line(text), text);
        }
    }

    #[test]
    fn a_private_key_is_hidden_from_its_first_line_to_its_last() {
        let mut blocks = Blocks::default();
        let hidden = [
            ("cat key", false),
            ("-----BEGIN OPENSSH PRIVATE KEY-----", true),
            ("b3BlbnNzaC1rZXk=", true),
            ("-----END OPENSSH PRIVATE KEY-----", true),
            ("-----BEGIN CERTIFICATE-----", false),
            ("one line -----BEGIN PRIVATE KEY----- x -----END PRIVATE KEY-----", true),
            ("done", false),
        ];
        for (line, expected) in hidden {
            assert_eq!(blocks.hide(line), expected, "{line}");
        }
    }
}
