//! The size of what ships. Invariant: it is read from the very files that ship.

use std::path::Path;

use crate::{Arguments, Figure};

/// How large what ships is.
pub(crate) fn measure(arguments: &Arguments) -> Vec<Figure> {
    let mut figures = vec![Figure {
        what: "stripped binary, demo and simulator inside",
        measured: mebibytes(&arguments.vigie),
        wanted: "≤ 14 MiB",
    }];
    if let Some(image) = &arguments.image {
        figures
            .push(Figure { what: "compressed OCI image", measured: mebibytes(image), wanted: "≤ 14 MiB" });
    }
    figures
}

#[expect(clippy::cast_precision_loss, reason = "a size of files")]
fn mebibytes(file: &Path) -> String {
    let bytes = std::fs::metadata(file).unwrap_or_else(|error| panic!("{}: {error}", file.display())).len();
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
