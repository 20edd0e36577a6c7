//! What queries have in common.

/// Whether a flag is set: `true`, or `1` or `True` as discord.py and requests write it.
pub(crate) fn is_yes(flag: Option<&str>) -> bool {
    matches!(flag, Some("true" | "True" | "1"))
}
