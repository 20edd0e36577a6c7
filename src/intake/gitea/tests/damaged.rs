//! The readers on bodies in which something is not as Gitea sends it.

use proptest::prelude::*;
use serde_json::Value;

use super::{
    super::{ReadError, read},
    bodies::{BODIES, kind_of},
    read_value, walk,
};
use crate::event::Event;

/// Any JSON, not deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,30}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| prop::collection::vec(inner, 0..3).prop_map(Value::from))
}

proptest! {
    /// A body in which anything was replaced by anything is read or refused; what is read is bounded.
    #[test]
    fn no_body_makes_a_reader_panic(file in 0..30usize, place in any::<usize>(), other in any_json()) {
        let (file, text) = &BODIES[file];
        let mut body: Value = serde_json::from_slice(text).unwrap();
        let mut places = 0;
        walk(&mut body.clone(), &mut |_| places += 1);
        let mut left = place % places;
        walk(&mut body, &mut |value| {
            if left == 0 {
                *value = other.clone();
            }
            left = left.wrapping_sub(1);
        });
        if let Ok(event) = read_value(kind_of(file), &body) {
            prop_assert!(event.source_key.len() <= 500);
            let again: Event = serde_json::from_slice(&serde_json::to_vec(&event).unwrap()).unwrap();
            prop_assert_eq!(event, again);
        }
    }

    /// A body that is cut off, or in which one byte is another, is read or refused.
    #[test]
    fn no_bytes_make_a_reader_panic(file in 0..30usize, place in any::<usize>(), byte in any::<u8>()) {
        let (file, mut text) = BODIES[file].clone();
        let place = place % text.trim_ascii_end().len();
        let cut = read(kind_of(&file), &text[..place]).unwrap_err();
        prop_assert!(matches!(cut, ReadError::Truncated { .. }), "{}", cut);
        text[place] = byte;
        let _: Result<Event, ReadError> = read(kind_of(&file), &text);
    }
}
