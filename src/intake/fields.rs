//! What the fields of Vigie's own bodies (generic, deploy) must be. Invariant: what does not fit is refused by
//! its name, with what was expected and what came.

use super::bounds;

/// The longest name or key, in characters.
pub(super) const NAME_AT_MOST: usize = 200;

/// Holds a name or key against its bound.
///
/// # Errors
/// If it is empty or longer: one that is cut would be another, so its sender is told instead.
pub(super) fn fits(field: &str, text: &str, at_most: usize) -> Result<(), String> {
    let found = match text.chars().count() {
        _ if text.trim().is_empty() => "it is empty".to_owned(),
        length if length > at_most => format!("it has {length}"),
        _ => return Ok(()),
    };
    Err(format!("expected '{field}' to be a text of 1 to {at_most} characters, but {found}"))
}

/// An address that is there.
///
/// # Errors
/// If nobody could follow it.
pub(super) fn followed(field: &str, text: Option<&str>) -> Result<Option<String>, String> {
    let Some(came) = text else { return Ok(None) };
    bounds::link(text).map(Some).ok_or_else(|| {
        let came = bounds::cut(came.to_owned(), 100);
        format!(
            "expected '{field}' to be an http or https address of at most 2048 characters, but it is '{came}'"
        )
    })
}
