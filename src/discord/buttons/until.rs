//! Reads until when somebody wants silence. Invariant: what is read lies ahead, at most [`LONGEST`].

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime, Time},
    tz::{Offset, TimeZone},
};

/// The longest silence.
pub(super) const LONGEST: SignedDuration = SignedDuration::from_hours(365 * 24);

/// Why a text says no time until which there can be silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    /// It is neither a duration nor a time.
    Unreadable,
    /// It lies behind.
    Past,
    /// It lies too far ahead.
    TooFar,
}

/// Until when, by `text`: a duration (`90m`, `2h30m`, `3d`) from `now`, or `YYYY-MM-DD HH:MM` in UTC, or with an
/// offset (`+02:00`) or a zone's name (`Europe/Paris`) behind it.
pub(super) fn read(text: &str, now: Timestamp) -> Result<Timestamp, Bad> {
    let text = text.trim();
    let until = match duration(text) {
        Some(duration) => now.checked_add(duration).map_err(|_| Bad::TooFar)?,
        None => time(text).ok_or(Bad::Unreadable)?,
    };
    match until.duration_since(now) {
        ahead if ahead <= SignedDuration::ZERO => Err(Bad::Past),
        ahead if ahead > LONGEST => Err(Bad::TooFar),
        _ => Ok(until),
    }
}

/// Days, hours and minutes, the larger first.
fn duration(text: &str) -> Option<SignedDuration> {
    let mut rest = text;
    let mut total = SignedDuration::ZERO;
    let mut units = ['d', 'h', 'm'].into_iter().zip([24 * 60, 60, 1_i64]);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let unit = tail.chars().next()?.to_ascii_lowercase();
        let (_, minutes) = units.find(|(name, _)| *name == unit)?;
        let minutes = number.parse::<i64>().ok()?.checked_mul(minutes)?;
        total = total.checked_add(SignedDuration::try_from_mins(minutes)?)?;
        rest = tail[1..].trim_start();
    }
    (!text.is_empty()).then_some(total)
}

fn time(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_once([' ', 'T'])?;
    let (time, name) = rest.split_once(' ').unwrap_or((rest, ""));
    let date: Date = date.parse().ok()?;
    let time: Time = time.parse().ok()?;
    let zone = zone(name.trim())?;
    DateTime::from_parts(date, time).to_zoned(zone).ok().map(|zoned| zoned.timestamp())
}

fn zone(name: &str) -> Option<TimeZone> {
    if matches!(name, "" | "UTC" | "Z" | "z") {
        return Some(TimeZone::UTC);
    }
    let ahead = name.starts_with('+');
    let Some(offset) = name.strip_prefix(['+', '-']) else { return TimeZone::get(name).ok() };
    let (hours, minutes) =
        offset.split_once(':').unwrap_or_else(|| offset.split_at_checked(2).unwrap_or((offset, "")));
    let number = |digits: &str| match digits.len() {
        0 => Some(0),
        1 | 2 if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse::<i32>().ok(),
        _ => None,
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let seconds = (hours * 60 + minutes) * 60;
    let sane = minutes < 60 && !offset.is_empty();
    let offset = Offset::from_seconds(if ahead { seconds } else { -seconds }).ok()?;
    sane.then(|| TimeZone::fixed(offset))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn until(text: &str) -> Result<String, Bad> {
        read(text, "2026-11-21T10:00:00Z".parse().unwrap()).map(|until| until.to_string())
    }

    #[test]
    fn durations_and_times_are_understood() {
        for (text, expected) in [
            ("90m", "2026-11-21T11:30:00Z"),
            ("2h30m", "2026-11-21T12:30:00Z"),
            (" 1D 2h ", "2026-11-22T12:00:00Z"),
            ("3d", "2026-11-24T10:00:00Z"),
            ("2026-11-22 09:00", "2026-11-22T09:00:00Z"),
            ("2026-11-22T09:00", "2026-11-22T09:00:00Z"),
            ("2026-11-22 09:00 UTC", "2026-11-22T09:00:00Z"),
            ("2026-11-22 09:00 Europe/Paris", "2026-11-22T08:00:00Z"),
            ("2026-11-22 09:00 +02:00", "2026-11-22T07:00:00Z"),
            ("2026-11-22 09:00 -0530", "2026-11-22T14:30:00Z"),
            ("2026-11-22 09:00 +2", "2026-11-22T07:00:00Z"),
        ] {
            assert_eq!(until(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_ahead_is_told_apart() {
        for text in [
            "",
            "m",
            "90",
            "-1h",
            "1h1d",
            "1.5h",
            "tomorrow",
            "2026-11-22",
            "2026-13-01 00:00",
            "2026-11-22 25:00",
            "2026-11-22 09:00 Mars/Base",
            "2026-11-22 09:00 +",
            "2026-11-22 09:00 +99:00",
            "99999999999999999999d",
            "1é",
        ] {
            assert_eq!(until(text), Err(Bad::Unreadable), "{text}");
        }
        for text in ["0m", "2026-11-21 10:00", "2020-01-01 00:00"] {
            assert_eq!(until(text), Err(Bad::Past), "{text}");
        }
        for text in ["366d", "2028-01-01 00:00", "9999999999999d"] {
            assert_eq!(until(text), Err(Bad::TooFar), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in "\\PC{0,30}|[0-9dhm :+-]{0,20}") {
            let now = Timestamp::UNIX_EPOCH;
            if let Ok(until) = read(&text, now) {
                prop_assert!(until > now && until.duration_since(now) <= LONGEST);
            }
        }
    }
}
