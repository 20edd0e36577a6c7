//! The size of what ships. Invariant: it is read from the very files that ship.

use std::path::Path;

use crate::{Arguments, Figure};

/// How large what ships is.
pub(crate) fn measure(arguments: &Arguments) -> Vec<Figure> {
    let mut figures = vec![Figure {
        what: "stripped binary, demo and simulator inside",
        measured: of(&arguments.vigie),
        wanted: "≤ 14 MiB",
    }];
    if let Some(image) = &arguments.image {
        figures.push(Figure { what: "compressed OCI image", measured: of(image), wanted: "≤ 14 MiB" });
    }
    figures
}

fn of(file: &Path) -> String {
    let size = std::fs::metadata(file).unwrap_or_else(|error| panic!("{}: {error}", file.display())).len();
    format!("{:.1} MiB", mebibytes(size))
}

#[expect(clippy::cast_precision_loss, reason = "a size of files or of memory")]
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
