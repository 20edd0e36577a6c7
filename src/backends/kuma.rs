//! Uptime Kuma's metrics (1.23 and 2.x; `server/prometheus.js`), in Prometheus's text format.

use std::collections::BTreeMap;

use super::{AskError, Client};

/// An Uptime Kuma.
#[derive(Clone)]
pub struct Kuma(Client);

/// What one monitor says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitor {
    /// Its labels: `monitor_name`, `monitor_type`, `monitor_url`, `monitor_hostname`, `monitor_port`; 2.x adds
    /// `monitor_id`, and its tags. What is not set is left out.
    pub labels: BTreeMap<String, String>,
    /// 0 down, 1 up, 2 pending, 3 maintenance.
    pub status: u8,
}

impl Kuma {
    /// The Uptime Kuma that `client` talks to.
    pub const fn new(client: Client) -> Self {
        Self(client)
    }

    /// What each monitor says now.
    pub async fn monitors(&self) -> Result<Vec<Monitor>, AskError> {
        let path = "metrics";
        let text = self.0.text(path).await?;
        let mut found = Vec::new();
        for line in text.lines() {
            let Some(rest) = line.strip_prefix("monitor_status{") else { continue };
            found.push(monitor(rest).ok_or_else(|| AskError::Unreadable {
                url: format!("{}{path}", self.0.base()),
                reason: format!(
                    "expected labels and a status, found '{}'",
                    line.chars().take(200).collect::<String>()
                ),
            })?);
        }
        Ok(found)
    }
}

/// What follows the opening brace.
fn monitor(mut rest: &str) -> Option<Monitor> {
    let mut labels = BTreeMap::new();
    while !rest.starts_with('}') {
        let (name, value) = rest.split_once("=\"")?;
        let (value, after) = quoted(value)?;
        // What is not set is written as JavaScript does.
        if !matches!(&*value, "" | "null" | "undefined") {
            labels.insert(name.trim().to_owned(), value);
        }
        rest = after.trim_start_matches([',', ' ']);
    }
    let status = rest[1..].split_whitespace().next()?.parse().ok()?;
    Some(Monitor { labels, status })
}

/// A text up to its closing quote, and what follows that. Escapes are `\\`, `\"` and `\n`.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_of_each_version_is_read() {
        let line = r#"monitor_name="a \"b\", c}",monitor_type="http",monitor_url="https://x/?a=1",monitor_hostname="null",monitor_port="null"} 0"#;
        let one = monitor(line).unwrap();
        assert_eq!(one.status, 0);
        assert_eq!(one.labels["monitor_name"], "a \"b\", c}");
        assert_eq!(one.labels.len(), 3);
        let two = monitor(r#"service="blog",monitor_id="7",monitor_name="b"} 3 1700000000000"#).unwrap();
        assert_eq!((two.status, &*two.labels["monitor_id"]), (3, "7"));
        assert_eq!(monitor(r#"monitor_name="b"#), None);
    }

    proptest! {
        #[test]
        fn any_name_is_read_as_it_is(name in "[a\\\\\"\\n{},= ]{1,20}") {
            let escaped = name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let read = monitor(&format!("monitor_name=\"{escaped}\",x=\"1\"}} 1")).unwrap();
            prop_assert_eq!(&read.labels["monitor_name"], &name);
        }

        #[test]
        fn nothing_makes_it_panic(line in "[a=\"\\\\{}, 0é]{0,40}") {
            let _ = monitor(&line);
        }
    }
}
