//! What happens in a forge, as an embed.

pub(super) mod code;
pub(super) mod discussion;
pub(super) mod reports;
