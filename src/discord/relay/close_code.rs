//! What a close code of the gateway means (docs, "Opcodes and Status Codes: Gateway Close Event Codes").
//! Invariant: a fatal code says what a person must do.

use crate::reason::Reason;

/// What to do after the gateway closed a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The session still lives: RESUME.
    Resume,
    /// The session is gone: IDENTIFY anew.
    Renew,
    /// Never come back; the reason says what a person must do.
    Fatal(Reason),
}

/// The meaning of `code`; a close frame without one is a connection that broke.
pub(super) fn verdict(code: Option<u16>) -> Verdict {
    match code {
        Some(4004) => Verdict::Fatal(Reason::new("halt-4004")),
        Some(4010) => Verdict::Fatal(Reason::new("halt-4010")),
        Some(4011) => Verdict::Fatal(Reason::new("halt-4011")),
        Some(4012) => Verdict::Fatal(Reason::new("halt-4012")),
        Some(4013) => Verdict::Fatal(Reason::new("halt-4013")),
        Some(4014) => Verdict::Fatal(Reason::new("halt-4014")),
        // 1000 and 1001 end a session whoever sends them; 4007 and 4009 say that it is gone.
        Some(1000 | 1001 | 4007 | 4009) => Verdict::Renew,
        _ => Verdict::Resume,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_documented_codes_are_fatal() {
        let fatal = |code: &u16| matches!(verdict(Some(*code)), Verdict::Fatal(_));
        assert_eq!((1000..5000).filter(fatal).collect::<Vec<_>>(), [4004, 4010, 4011, 4012, 4013, 4014]);
    }
}
