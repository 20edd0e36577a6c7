//! Spans of time in words. Invariant: a unit of which there is none is not named, unless there is nothing else.

use std::time::Duration;

use crate::language::Language;

/// `duration` in its two largest units, down to seconds.
pub fn span(duration: Duration, language: Language) -> String {
    let seconds = duration.as_secs();
    let units = [
        ("span-days", seconds / 86_400),
        ("span-hours", seconds / 3600 % 24),
        ("span-minutes", seconds / 60 % 60),
        ("span-seconds", seconds % 60),
    ];
    let largest = units.iter().position(|(_, n)| *n > 0).unwrap_or(units.len() - 1);
    let shown =
        units.iter().enumerate().skip(largest).take(2).filter(|(at, (_, n))| *at == largest || *n > 0);
    shown.map(|(_, (key, n))| language.text(key, &[("n", (*n).into())])).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_span_shows_its_two_largest_units_and_none_that_is_nought() {
        let texts = [0, 59, 60, 61, 3_600, 3_700, 86_399, 86_460, 90_000]
            .map(|seconds| span(Duration::from_secs(seconds), Language::En));
        assert_eq!(
            texts,
            ["0 s", "59 s", "1 min", "1 min 1 s", "1 h", "1 h 1 min", "23 h 59 min", "1 d", "1 d 1 h"]
        );
        assert_eq!(span(Duration::from_hours(25), Language::Fr), "1 j 1 h");
    }
}
