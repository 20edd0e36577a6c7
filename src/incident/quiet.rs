//! Quiet hours. Invariant: whether a moment is quiet, and until when, follows from the route and the moment
//! alone, so work that is done again after a crash decides the same.

use jiff::{Timestamp, civil::Date};

use crate::config::Quiet;

/// When the quiet hours that `at` lies in end; `None` if it lies in none.
///
/// They begin and end by the clocks of their place. A time that the clocks skip is as much later as they
/// skip; of one that comes twice, the first counts (RFC 5545, section 3.3.5, as jiff does by default).
pub fn until(quiet: &Quiet, at: Timestamp) -> Option<Timestamp> {
    let today = at.to_zoned(quiet.zone.clone()).date();
    // Those that began yesterday may go on.
    [today.yesterday().ok(), Some(today)]
        .into_iter()
        .flatten()
        .filter_map(|day| hours(quiet, day))
        .find(|(from, to)| (*from..*to).contains(&at))
        .map(|(_, to)| to)
}

/// The quiet hours that begin on `day`; `None` at the end of time.
fn hours(quiet: &Quiet, day: Date) -> Option<(Timestamp, Timestamp)> {
    let end = if quiet.to > quiet.from { day } else { day.tomorrow().ok()? };
    let moment = |day: Date, time| day.to_datetime(time).to_zoned(quiet.zone.clone()).ok();
    Some((moment(day, quiet.from)?.timestamp(), moment(end, quiet.to)?.timestamp()))
}

#[cfg(test)]
mod tests {
    use jiff::{ToSpan, civil::Time, tz::TimeZone};
    use proptest::prelude::*;

    use super::*;

    fn quiet(from: &str, to: &str, zone: &str) -> Quiet {
        let time = |text| Time::strptime("%H:%M", text).unwrap();
        Quiet { from: time(from), to: time(to), zone: TimeZone::get(zone).unwrap(), except: Vec::new() }
    }

    fn ends(quiet: &Quiet, at: &str) -> Option<String> {
        let zone = quiet.zone.clone();
        until(quiet, at.parse().unwrap()).map(|end| end.to_zoned(zone).strftime("%d %H:%M %z").to_string())
    }

    #[test]
    fn quiet_hours_go_over_midnight_and_end_by_the_clocks_of_their_place() {
        let night = quiet("22:00", "07:00", "Europe/Paris");
        assert_eq!(ends(&night, "2026-11-21T20:59:59Z"), None);
        assert_eq!(ends(&night, "2026-11-21T21:00:00Z").unwrap(), "22 07:00 +0100");
        assert_eq!(ends(&night, "2026-11-22T05:59:59Z").unwrap(), "22 07:00 +0100");
        assert_eq!(ends(&night, "2026-11-22T06:00:00Z"), None);
        let noon = quiet("12:00", "13:30", "Asia/Kolkata");
        assert_eq!(ends(&noon, "2026-11-21T06:30:00Z").unwrap(), "21 13:30 +0530");
        assert_eq!(ends(&noon, "2026-11-21T06:29:59Z"), None);
    }

    #[test]
    fn quiet_hours_keep_to_the_clocks_when_these_change() {
        // Europe/Paris goes from 02:00 to 03:00 on 29 March 2026, and from 03:00 to 02:00 on 25 October.
        let night = quiet("22:00", "07:00", "Europe/Paris");
        assert_eq!(ends(&night, "2026-03-28T21:00:00Z").unwrap(), "29 07:00 +0200");
        assert_eq!(ends(&night, "2026-03-29T04:59:59Z").unwrap(), "29 07:00 +0200");
        assert_eq!(ends(&night, "2026-03-29T05:00:00Z"), None);
        assert_eq!(ends(&night, "2026-10-24T20:00:00Z").unwrap(), "25 07:00 +0100");
        assert_eq!(ends(&night, "2026-10-25T05:59:59Z").unwrap(), "25 07:00 +0100");
        // A beginning that is skipped, and an end that comes twice.
        let gap = quiet("02:30", "05:00", "Europe/Paris");
        assert_eq!(ends(&gap, "2026-03-29T01:29:59Z"), None);
        assert_eq!(ends(&gap, "2026-03-29T01:30:00Z").unwrap(), "29 05:00 +0200");
        let fold = quiet("01:00", "02:30", "Europe/Paris");
        assert_eq!(ends(&fold, "2026-10-25T00:29:59Z").unwrap(), "25 02:30 +0200");
        assert_eq!(ends(&fold, "2026-10-25T00:30:00Z"), None);
    }

    proptest! {
        /// Away from the hours in which clocks change, the clock on the wall decides.
        #[test]
        fn a_moment_is_quiet_if_the_clock_on_the_wall_says_so(
            second in 1_700_000_000_i64..1_900_000_000,
            (from, to) in (0_i8..24, 0_i8..24).prop_filter("two times", |(from, to)| from != to),
            zone in proptest::sample::select(vec![
                "Europe/Paris", "America/New_York", "UTC", "Asia/Kolkata", "Australia/Lord_Howe", "America/Santiago",
            ]),
        ) {
            let quiet = Quiet { from: Time::constant(from, 0, 0, 0), to: Time::constant(to, 0, 0, 0), ..quiet("00:00", "01:00", zone) };
            let at = Timestamp::from_second(second).unwrap();
            let local = at.to_zoned(quiet.zone.clone());
            let (before, after) = (&local - 24.hours(), &local + 24.hours());
            prop_assume!(before.offset() == local.offset() && after.offset() == local.offset());
            let time = local.time();
            let expected = if quiet.from < quiet.to {
                quiet.from <= time && time < quiet.to
            } else {
                quiet.from <= time || time < quiet.to
            };
            let end = until(&quiet, at);
            prop_assert_eq!(end.is_some(), expected);
            if let Some(end) = end {
                prop_assert!(end > at && end.duration_since(at).as_hours() < 24);
                prop_assert_eq!(end.to_zoned(quiet.zone.clone()).time(), quiet.to);
                prop_assert_eq!(until(&quiet, end), None);
            }
        }

        /// Clock changes or not: what is quiet is so until its end, and each of its moments says the same end.
        #[test]
        fn every_moment_of_quiet_hours_says_the_same_end(
            second in 1_700_000_000_i64..1_900_000_000,
            from in 0_i8..24, length in 1_i8..24,
        ) {
            let to = (from + length) % 24;
            let quiet = Quiet { from: Time::constant(from, 30, 0, 0), to: Time::constant(to, 30, 0, 0), ..quiet("00:00", "01:00", "Europe/Paris") };
            let at = Timestamp::from_second(second).unwrap();
            if let Some(end) = until(&quiet, at) {
                let middle = at + jiff::SignedDuration::from_secs((end.as_second() - second) / 2);
                prop_assert_eq!(until(&quiet, middle), Some(end));
            }
        }
    }
}
