//! Bodies for the tests of readers, and what can go wrong with one.

use std::fs;

use proptest::prelude::*;
use serde_json::Value;

/// All bodies of this project in `tests/bodies/<folder>`: the file's name without its ending, and the text.
pub(crate) fn all(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = format!("{}/tests/bodies/{folder}", env!("CARGO_MANIFEST_DIR"));
    let mut bodies: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect();
    bodies.sort();
    bodies
}

/// Calls `change` on every value, the outermost last.
pub(crate) fn walk(value: &mut Value, change: &mut impl FnMut(&mut Value)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, change)),
        Value::Object(fields) => fields.values_mut().for_each(|item| walk(item, change)),
        _ => {}
    }
    change(value);
}

/// Puts `other` in the place of one of the values, whichever `place` comes to.
pub(crate) fn replace(body: &mut Value, place: usize, other: &Value) {
    let mut places = 0;
    walk(&mut body.clone(), &mut |_| places += 1);
    let mut left = place % places;
    walk(body, &mut |value| {
        if left == 0 {
            *value = other.clone();
        }
        left = left.wrapping_sub(1);
    });
}

/// Any JSON, not deep.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,30}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| prop::collection::vec(inner, 0..3).prop_map(Value::from))
}
