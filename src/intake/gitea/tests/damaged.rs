//! The readers on bodies in which something is not as Gitea sends it.

use proptest::prelude::*;
use serde_json::Value;

use super::{
    super::{ReadError, read},
    bodies::{BODIES, kind_of},
    read_value,
};
use crate::{
    event::Event,
    intake::bodies::{any_json, replace},
};

proptest! {
    /// A body in which anything was replaced by anything is read or refused; what is read is bounded.
    #[test]
    fn no_body_makes_a_reader_panic(file in 0..30usize, place in any::<usize>(), other in any_json()) {
        let (file, text) = &BODIES[file];
        let mut body: Value = serde_json::from_slice(text).unwrap();
        replace(&mut body, place, &other);
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
