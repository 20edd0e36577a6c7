//! The readers of Vigie's own hooks and of Kuma's on what anybody might send.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::intake::{
    self,
    bodies::{self, any_json, replace},
};

const SOURCES: [(Source, &str); 3] =
    [(Source::Kuma, "kuma"), (Source::Generic, "generic"), (Source::Deploy, "deploy")];

/// What the hook `cron` of `source` makes of a body. What it stores is read again as the same event.
fn arrivals(source: Source, query: Option<&str>, body: &[u8]) -> Result<Vec<Arrival>, String> {
    let hook = Hook { source, section: String::new(), proof: Proof::Bearer("token".into()) };
    let arrivals = hook.arrivals(&Request { name: "cron", headers: &HeaderMap::new(), query, body })?;
    for Arrival { kind, source_key, object, body, .. } in &arrivals {
        let event = intake::read(source, kind, body).unwrap();
        assert_eq!((&event.source_key, &event.object), (source_key, object));
        assert!(source_key.len() <= 1_000 && object.len() <= 1_000);
        assert!(serde_json::to_vec(&event).unwrap().len() < 200_000, "an event is small");
    }
    Ok(arrivals)
}

proptest! {
    /// A body in which anything was replaced by anything is read or refused.
    #[test]
    fn no_body_makes_a_hook_panic(source in 0..3usize, file in any::<usize>(), place in any::<usize>(), other in any_json()) {
        let (source, folder) = SOURCES[source];
        let files = bodies::all(folder);
        let mut body: Value = serde_json::from_slice(&files[file % files.len()].1).unwrap();
        replace(&mut body, place, &other);
        drop(arrivals(source, None, body.to_string().as_bytes()));
    }

    /// A body that is cut off is refused, and one in which a byte is another is read or refused.
    #[test]
    fn no_bytes_make_a_hook_panic(source in 0..3usize, file in any::<usize>(), place in any::<usize>(), byte in any::<u8>()) {
        let (source, folder) = SOURCES[source];
        let files = bodies::all(folder);
        let mut text = files[file % files.len()].1.clone();
        let place = place % text.trim_ascii_end().len();
        let refused = arrivals(source, None, &text[..place]).unwrap_err();
        prop_assert!(refused.starts_with("expected "), "{}", refused);
        text[place] = byte;
        drop(arrivals(source, None, &text));
    }

    #[test]
    fn no_form_and_no_query_makes_kumas_hook_panic(
        key in "(msg|heartbeat|monitor|data|--b\r\n.{0,9})", value in "\\PC{0,60}", raw in any::<Vec<u8>>()
    ) {
        let pair = url::form_urlencoded::Serializer::new(String::new()).append_pair(&key, &value).finish();
        for text in [pair, format!("{key}={value}"), format!("--b\r\n{key}\r\n\r\n{value}\r\n--b--")] {
            drop(arrivals(Source::Kuma, Some(&text), b""));
            drop(arrivals(Source::Kuma, None, text.as_bytes()));
        }
        drop(arrivals(Source::Kuma, None, &raw));
    }
}
