//! What a French caller must not read.

/// Vigie's own English words about its state that stand in `text`.
pub(crate) fn english_in(text: &str) -> Vec<&'static str> {
    let lines = include_str!("../../locales/en/reasons.ftl").lines();
    let sentences = lines.filter_map(|line| Some(line.split_once(" = ")?.1));
    let words = sentences.flat_map(|sentence| sentence.split(['{', '}'])).map(str::trim);
    let is_phrase =
        |words: &&str| words.split(' ').filter(|word| word.starts_with(char::is_alphabetic)).count() > 1;
    words.filter(is_phrase).filter(|words| text.contains(words)).collect()
}
