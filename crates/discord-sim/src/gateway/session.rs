//! One session's events (docs, "Gateway: Resuming"). Invariants: sequence numbers start at 1 and have no gaps;
//! events leave in their order; what has been sent stays for a RESUME until the buffer's bound pushes it out,
//! and a RESUME from before that is refused, never answered with a gap.

use std::{collections::VecDeque, sync::Arc};

use serde_json::Value;
use tokio::sync::Notify;

use super::{
    intents::Intents,
    payload::{self, Shard},
};
use crate::{Id, world::APPLICATION};

/// How many events a session keeps. A connection that falls further behind than that loses its session.
pub(crate) const KEPT: usize = 2048;

/// How long a session without a connection can be resumed, in ms. Discord gives no figure ("minutes").
pub(crate) const RESUMABLE_MS: i64 = 5 * 60 * 1000;

/// A session, with or without a connection.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) token: String,
    intents: Intents,
    shard: Shard,
    seq: u64,
    /// The newest events as frames; the last one has the number `seq`.
    frames: VecDeque<Arc<str>>,
    pub(crate) link: Link,
    /// Woken by each event and whenever the connection should look around.
    pub(crate) wake: Arc<Notify>,
}

/// Who holds the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// The number of the connection.
    Attached(u64),
    /// Nobody, since this time in ms.
    Detached(i64),
}

/// Why events can't be had from a sequence number on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// They have left the buffer.
    Lost,
    /// The number was never given out.
    NeverSent,
}

impl Session {
    pub(crate) fn new(token: String, intents: Intents, shard: Shard, link: Link, wake: Arc<Notify>) -> Self {
        Self { token, intents, shard, seq: 0, frames: VecDeque::new(), link, wake }
    }

    /// Adds an event if this session hears it.
    pub(crate) fn hear(&mut self, guild: Option<Id>, event: &str, data: &Value) {
        if self.shard.carries(guild) && self.intents.cover(event, guild) {
            let mut data = data.clone();
            self.intents.prune(event, &mut data, APPLICATION);
            self.push(event, &data);
        }
    }

    /// Adds an event, whatever the intents.
    pub(crate) fn push(&mut self, event: &str, data: &Value) {
        self.seq += 1;
        if self.frames.len() == KEPT {
            self.frames.pop_front();
        }
        self.frames.push_back(payload::dispatch(self.seq, event, data).into());
        self.wake.notify_one();
    }

    /// The number of the newest event.
    pub(crate) fn seq(&self) -> u64 {
        self.seq
    }

    /// Every event after `seq`, in order.
    pub(crate) fn after(&self, seq: u64) -> Result<Vec<Arc<str>>, Gap> {
        let missed = self.seq.checked_sub(seq).ok_or(Gap::NeverSent)?;
        let missed = usize::try_from(missed).map_err(|_| Gap::Lost)?;
        let skip = self.frames.len().checked_sub(missed).ok_or(Gap::Lost)?;
        Ok(self.frames.range(skip..).cloned().collect())
    }

    /// Whether a RESUME may still find it at `now_ms`.
    pub(crate) fn is_alive(&self, now_ms: i64) -> bool {
        match self.link {
            Link::Attached(_) => true,
            Link::Detached(since) => now_ms - since < RESUMABLE_MS,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Event(usize),
        /// The connection reads what is there.
        Read,
        /// The connection is lost after the client saw only part of what was sent; it resumes from there.
        Drop(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (1..600usize).prop_map(Step::Event),
            2 => Just(Step::Read),
            2 => (0..400usize).prop_map(Step::Drop),
        ];
        prop::collection::vec(step, 1..30)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_client_that_resumes_sees_every_event_once_and_in_order_or_is_told_of_the_gap(steps in steps()) {
            let mut session = Session::new("t".into(), Intents::new(0).unwrap(), Shard(0, 1), Link::Detached(0), Arc::default());
            let mut made = 0u64;
            // What the client has seen so far; it is the `seq` of its RESUME.
            let mut seen = 0u64;
            for step in steps {
                match step {
                    Step::Event(count) => for _ in 0..count {
                        made += 1;
                        session.push("INTERACTION_CREATE", &json!({"n": made}));
                    },
                    Step::Read => match session.after(seen) {
                        Ok(frames) => for frame in frames {
                            let frame: Value = serde_json::from_str(&frame).unwrap();
                            seen += 1;
                            prop_assert_eq!(&frame["s"], seen);
                            prop_assert_eq!(&frame["d"]["n"], seen);
                        },
                        Err(gap) => {
                            prop_assert_eq!(gap, Gap::Lost);
                            prop_assert!(made - seen > KEPT as u64);
                            seen = made;
                        }
                    },
                    Step::Drop(unseen) => seen = seen.saturating_sub(unseen as u64),
                }
            }
            prop_assert_eq!(session.seq(), made);
            prop_assert_eq!(session.after(made + 1), Err(Gap::NeverSent));
        }
    }

    #[test]
    fn a_guild_belongs_to_one_shard() {
        let guild = Some(Id(3 << 22));
        let heard = |index| {
            let mut session = Session::new(
                "t".into(),
                Intents::new(1).unwrap(),
                Shard(index, 2),
                Link::Detached(0),
                Arc::default(),
            );
            session.hear(guild, "GUILD_CREATE", &json!({}));
            session.seq()
        };
        assert_eq!((heard(0), heard(1)), (0, 1));
    }
}
