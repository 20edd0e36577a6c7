//! What runs from a beginning to an end, as an embed. Invariant: of a log the last lines are shown, in a code
//! block that nothing within it can close, and what stands before them is counted.

pub(super) mod deployment;
pub(super) mod pipeline;

use super::markdown::{self, Log};
use crate::language::Language;

/// The last of `lines` that fit into `limit` units, and how many came before them; `earlier` more were not even kept.
/// With it, all that is kept, if that is more.
pub(super) fn log(
    language: Language,
    lines: &[String],
    earlier: u64,
    limit: usize,
) -> (String, Option<String>) {
    let Log { block, shown, whole } = markdown::log(lines, limit);
    let before = earlier.saturating_add((lines.len() - shown) as u64);
    let text = match before {
        _ if block.is_empty() => block,
        0 => block,
        _ => format!("{}\n{block}", language.text("earlier-lines", &[("n", before.into())])),
    };
    (text, whole)
}
