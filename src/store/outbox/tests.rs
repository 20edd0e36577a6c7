use proptest::prelude::*;

use super::*;
use crate::store::{
    incidents,
    tests::{in_memory, incident},
};

fn store(incidents: u32) -> Connection {
    let conn = in_memory();
    for n in 1..=incidents {
        incidents::save(&conn, &incident(&format!("vg-{n}"))).unwrap();
    }
    conn
}

fn draft(incident_id: i64, channel_id: u64, payload: &str, accepted_ms: i64) -> Draft {
    let reference = format!("vg-{incident_id}");
    Draft {
        incident_id,
        channel_id,
        reference,
        payload: payload.into(),
        accepted_ms,
        reply: None,
        whole: None,
    }
}

fn row(conn: &Connection, id: i64) -> OutboxRow {
    get(conn, id).unwrap().unwrap()
}

#[test]
fn changes_that_come_faster_than_they_are_sent_become_one() {
    let conn = store(1);
    let id = put(&conn, &draft(1, u64::MAX, "one", 10), 11).unwrap();
    assert_eq!(put(&conn, &draft(1, u64::MAX, "two", 20), 21).unwrap(), id);
    let waiting = due(&conn, 21, 10).unwrap();
    assert_eq!(waiting.len(), 1);
    let [two] = waiting.as_slice() else { panic!("{waiting:?}") };
    assert_eq!(
        (two.payload.as_str(), two.version, two.accepted_ms, two.channel_id),
        ("two", 2, 10, u64::MAX)
    );

    put(&conn, &draft(1, u64::MAX, "three", 30), 31).unwrap();
    delivered(&conn, id, 2, 77, 40).unwrap();
    let three = row(&conn, id);
    assert_eq!((three.state, three.sent_version, three.message_id), (State::Pending, 2, Some(77)));
    assert_eq!((three.accepted_ms, oldest_pending_ms(&conn).unwrap()), (30, Some(30)));

    delivered(&conn, id, 3, 77, 50).unwrap();
    assert_eq!(row(&conn, id).state, State::Sent);
    assert_eq!((next_due_ms(&conn).unwrap(), oldest_pending_ms(&conn).unwrap()), (None, None));
}

#[test]
fn a_create_of_unknown_outcome_is_remembered_until_it_is_known() {
    let conn = store(1);
    let id = put(&conn, &draft(1, 5, "one", 0), 0).unwrap();
    attempting(&conn, id, 100).unwrap();
    retry(&conn, id, 500, "no answer").unwrap();
    attempting(&conn, id, 500).unwrap();
    let unknown = row(&conn, id);
    assert_eq!((unknown.first_attempt_ms, unknown.attempts), (Some(100), 1));
    assert_eq!(unknown.error.as_deref(), Some("no answer"));
    assert_eq!((due(&conn, 499, 1).unwrap(), next_due_ms(&conn).unwrap()), (vec![], Some(500)));
    refused(&conn, id).unwrap();
    renew_nonce(&conn, id).unwrap();
    let refused = row(&conn, id);
    assert_eq!((refused.first_attempt_ms, refused.nonce_salt), (None, 1));
    delivered(&conn, id, 1, 9, 600).unwrap();
    forget_message(&conn, id).unwrap();
    let gone = row(&conn, id);
    assert_eq!((gone.message_id, gone.sent_version, gone.attempts, gone.error), (None, 0, 0, None));
}

#[test]
fn a_long_backlog_keeps_no_other_channel_waiting() {
    let conn = store(100);
    for incident in 1..=99 {
        put(&conn, &draft(incident, 1, "busy", 0), 0).unwrap();
    }
    let quiet = put(&conn, &draft(100, 2, "quiet", 0), 0).unwrap();
    let rows = due(&conn, 0, 10).unwrap();
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, quiet]);
}

#[test]
fn parked_messages_wait_with_their_newest_payload_until_the_channel_is_back() {
    let conn = store(2);
    let id = put(&conn, &draft(1, 1, "one", 0), 0).unwrap();
    let other = put(&conn, &draft(1, 2, "one", 0), 0).unwrap();
    assert_eq!(park(&conn, 1, "no such channel").unwrap(), 1);
    put(&conn, &draft(1, 1, "two", 5), 5).unwrap();
    assert_eq!(due(&conn, 9, 10).unwrap().iter().map(|row| row.id).collect::<Vec<_>>(), [other]);
    let parked = row(&conn, id);
    assert_eq!((parked.state, parked.payload.as_str(), parked.accepted_ms), (State::Parked, "two", 0));
    assert_eq!(unpark(&conn, 1).unwrap(), 1);
    assert_eq!(due(&conn, 9, 10).unwrap().len(), 2);

    discard(&conn, other, "too large for Discord").unwrap();
    let counts = counts(&conn).unwrap();
    assert_eq!(counts, [(State::Pending, 1), (State::Sent, 0), (State::Parked, 0), (State::Dropped, 1)]);
    put(&conn, &draft(1, 2, "smaller", 6), 6).unwrap();
    assert_eq!(row(&conn, other).state, State::Pending);
}

#[test]
fn a_new_message_for_a_parked_channel_waits_behind_those_that_were_there() {
    let conn = store(3);
    let first = put(&conn, &draft(1, 1, "first", 0), 0).unwrap();
    park(&conn, 1, "403").unwrap();
    let second = put(&conn, &draft(2, 1, "second", 1), 1).unwrap();
    let elsewhere = put(&conn, &draft(3, 2, "elsewhere", 2), 2).unwrap();
    let heads_ = || heads(&conn).unwrap().iter().map(|head| head.id).collect::<Vec<_>>();
    assert_eq!(heads_(), [elsewhere]);
    assert_eq!(unpark_all(&conn).unwrap(), 2);
    assert_eq!(heads_(), [first, elsewhere]);
    delivered(&conn, first, 1, 7, 3).unwrap();
    assert_eq!(heads_(), [second, elsewhere]);
}

/// What happens to one message.
#[derive(Clone, Debug)]
enum Step {
    Put,
    /// The create or edit of the version that was read some steps ago arrives.
    Deliver,
    Read,
    Retry,
    Park,
    Unpark,
    Discard,
    Forget,
}

#[derive(Debug)]
struct Model {
    version: i64,
    shown: i64,
    read: i64,
    state: State,
}

impl Model {
    fn apply(&mut self, step: &Step) {
        match step {
            Step::Put => {
                self.version += 1;
                self.state = if self.state == State::Parked { State::Parked } else { State::Pending };
            }
            Step::Read => self.read = self.version,
            Step::Deliver => {
                self.shown = self.read;
                self.state = match self.state {
                    _ if self.read == self.version => State::Sent,
                    State::Sent => State::Pending,
                    other => other,
                };
            }
            Step::Park if self.state == State::Pending => self.state = State::Parked,
            Step::Unpark if self.state == State::Parked => self.state = State::Pending,
            Step::Discard => self.state = State::Dropped,
            Step::Forget => self.shown = 0,
            Step::Retry | Step::Park | Step::Unpark => {}
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Put),
        4 => Just(Step::Deliver),
        4 => Just(Step::Read),
        1 => Just(Step::Retry),
        1 => Just(Step::Park),
        1 => Just(Step::Unpark),
        1 => Just(Step::Discard),
        1 => Just(Step::Forget),
    ];
    prop::collection::vec(step, 1..50)
}

proptest! {
    #[test]
    fn the_newest_version_is_sent_or_still_waits(steps in steps()) {
        let conn = store(1);
        let id = put(&conn, &draft(1, 1, "1", 0), 0).unwrap();
        let mut model = Model { version: 1, shown: 0, read: 1, state: State::Pending };
        for (now, step) in (1..).zip(&steps) {
            match step {
                Step::Put => {
                    let payload = (model.version + 1).to_string();
                    prop_assert_eq!(put(&conn, &draft(1, 1, &payload, now), now).unwrap(), id);
                }
                Step::Read => {}
                Step::Deliver => delivered(&conn, id, model.read, 7, now).unwrap(),
                Step::Retry => retry(&conn, id, now + 5, "500").unwrap(),
                Step::Park => drop(park(&conn, 1, "403").unwrap()),
                Step::Unpark => drop(unpark(&conn, 1).unwrap()),
                Step::Discard => discard(&conn, id, "400").unwrap(),
                Step::Forget => forget_message(&conn, id).unwrap(),
            }
            model.apply(step);
            let row = row(&conn, id);
            prop_assert_eq!((row.version, row.sent_version, row.state), (model.version, model.shown, model.state));
            prop_assert_eq!(row.payload, model.version.to_string());
            prop_assert_eq!(due(&conn, i64::MAX, 1).unwrap().len(), usize::from(model.state == State::Pending));
        }
    }
}
