//! The code and the languages know the same reasons, with the same variables. That the languages agree is tested
//! beside them.

use std::{collections::BTreeSet, fs, path::Path};

use crate::language::tests::messages;

/// Reads all of Vigie's source.
fn sources(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

/// The text literal that `code` begins with, and what follows it.
fn literal(code: &str) -> Option<(&str, &str)> {
    code.trim_start().strip_prefix('"')?.split_once('"')
}

/// What follows the parenthesis that closes the one in which `code` begins.
fn after_parenthesis(code: &str) -> &str {
    let mut open = 1;
    let end = code.find(|c| {
        open += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        open == 0
    });
    &code[end.expect("the parentheses of a source file match") + 1..]
}

/// Every reason whose key stands in the code, with the variables that are filled in right there.
fn written(code: &str) -> Vec<(&str, BTreeSet<String>)> {
    let reasons = code.split(concat!("Reason", "::new(")).skip(1).filter_map(|rest| {
        let (key, rest) = literal(rest)?;
        let (mut variables, mut rest) = (BTreeSet::new(), after_parenthesis(rest));
        while let Some(with) = rest.trim_start().strip_prefix(".with(") {
            let (name, more) = literal(with)?;
            variables.insert(name.to_owned());
            rest = after_parenthesis(more);
        }
        Some((key, variables))
    });
    reasons.collect()
}

#[test]
fn every_reason_in_the_code_has_its_words_and_variables_and_the_other_way_round() {
    let mut code = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut code);
    let worded = messages(&[include_str!("../../locales/en/reasons.ftl")]);
    let mut unused: BTreeSet<&str> =
        worded.keys().map(String::as_str).filter(|key| !key.is_empty()).collect();
    for (key, variables) in written(&code) {
        assert_eq!(worded.get(key), Some(&variables), "the variables of {key}");
        unused.remove(key);
    }
    assert!(unused.is_empty(), "nobody says {unused:?}");
}
