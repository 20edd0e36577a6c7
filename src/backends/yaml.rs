//! Reads single facts out of YAML that a Go program wrote (`gopkg.in/yaml`), in its block style: no anchors, no
//! flow style but for what is empty, one indentation a level. Invariant: what is not of that form is said, never
//! guessed at.

/// The lines below the key `key` of the mapping in `lines`, whose keys stand at `indent`. A list below it may begin
/// in the same column.
pub(super) fn below<'y>(lines: &[&'y str], indent: usize, key: &str) -> Vec<&'y str> {
    let head = format!("{key}:");
    let mut lines = lines.iter().skip_while(|line| {
        line.get(indent..).is_none_or(|rest| rest.trim_end() != head) || depth(line) != indent
    });
    lines.next();
    let inside =
        |line: &&&str| depth(line) > indent || (depth(line) == indent && line[indent..].starts_with("- "));
    lines
        .take_while(|line| line.trim().is_empty() || inside(line))
        .copied()
        .filter(|line| !line.trim().is_empty())
        .collect()
}

/// Key and value of a line that holds both.
///
/// # Errors
/// If it is of another form.
pub(super) fn pair(line: &str) -> Result<(String, String), String> {
    let line = line.trim();
    let end = match line.chars().next() {
        Some(quote @ ('"' | '\'')) => line[1..].find(quote).map_or(0, |end| end + 2),
        _ => line.find(':').unwrap_or(0),
    };
    let value = line[end..].strip_prefix(": ").ok_or_else(|| other(line))?;
    Ok((scalar(&line[..end])?, scalar(value)?))
}

/// A text on one line, quoted or not.
///
/// # Errors
/// If it is of another form.
pub(super) fn scalar(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().next() {
        Some('"') => serde_json::from_str(text).map_err(|_| other(text)),
        Some('\'') => {
            let inner = text[1..].strip_suffix('\'').ok_or_else(|| other(text))?;
            Ok(inner.replace("''", "'"))
        }
        Some('|' | '>' | '&' | '*' | '[' | '{' | '!') => Err(other(text)),
        _ => Ok(text.to_owned()),
    }
}

/// In how many spaces the line stands.
fn depth(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn other(text: &str) -> String {
    let text: String = text.chars().take(100).collect();
    format!("expected YAML with a key and a text on one line, found '{text}'")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_stands_below_a_key_ends_with_the_next() {
        let lines: Vec<_> =
            "a:\n  b:\n    x: 1\n\n    y: 'it''s'\n  c: 2\nd:\n- e\n- f\nb:\n  z: 3".lines().collect();
        assert_eq!(below(&below(&lines, 0, "a"), 2, "b"), ["    x: 1", "    y: 'it''s'"]);
        assert_eq!(below(&lines, 0, "d"), ["- e", "- f"]);
        assert_eq!(below(&lines, 0, "c"), [""; 0]);
    }

    #[test]
    fn texts_are_read_in_each_of_their_quotes() {
        for (line, key, value) in [
            ("  cluster: home: one", "cluster", "home: one"),
            ("  \"a:b\": \"\\u00e9 \\\"1\\\"\"", "a:b", "é \"1\""),
            ("site: 'it''s'", "site", "it's"),
        ] {
            assert_eq!(pair(line).unwrap(), (key.to_owned(), value.to_owned()));
        }
        for line in ["cluster: |-", "cluster: \"open", "cluster:", "- cluster"] {
            assert!(pair(line).is_err(), "{line}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "[a-b:'\" \\n-]{0,40}", indent in 0..4_usize) {
            let lines: Vec<_> = text.lines().collect();
            for line in below(&lines, indent, "a") {
                let _ = (pair(line), scalar(line));
            }
        }
    }
}
