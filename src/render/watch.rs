//! What those say who watch over something, as an embed. Invariants: texts of machines show exactly the
//! characters that came, because a label's `__name__` is no Markdown; the state stands in the title in words.

pub(super) mod alert;
pub(super) mod monitor;
pub(super) mod outage;
