//! Components (docs, "Component Reference"): rows with buttons and selects, and those of the second version.

use serde_json::Value;

use super::{embeds::check_url, length, list};
use crate::error::Mistakes;

/// Most components on a message, nested ones too.
const ALL: usize = 40;
/// Most rows of the first version; most buttons in a row.
const FIVE: usize = 5;
/// Most options of a select.
const OPTIONS: usize = 25;
/// Longest text of all text displays of a message together.
const TEXT: usize = 4000;

const ROW: u64 = 1;
const BUTTON: u64 = 2;
const STRING_SELECT: u64 = 3;
const SECTION: u64 = 9;
const TEXT_DISPLAY: u64 = 10;
const THUMBNAIL: u64 = 11;
const GALLERY: u64 = 12;
const FILE: u64 = 13;
const SEPARATOR: u64 = 14;
const CONTAINER: u64 = 17;

/// What has been seen on the way.
struct Seen<'a> {
    custom_ids: Vec<&'a str>,
    count: usize,
    text: usize,
}

/// Checks the components of a body; `second` allows those of the second version.
pub(super) fn check(components: &Value, second: bool, mistakes: &mut Mistakes) {
    let Some(top) = list(components, &["components"], mistakes) else { return };
    let mut seen = Seen { custom_ids: Vec::new(), count: 0, text: 0 };
    let only_rows = top.iter().all(|component| kind(component) == ROW);
    if only_rows || !second {
        mistakes.items(&["components"], top.len(), 0, if second { ALL } else { FIVE });
    }
    let allowed: &[u64] =
        if second { &[ROW, SECTION, TEXT_DISPLAY, GALLERY, FILE, SEPARATOR, CONTAINER] } else { &[ROW] };
    walk(top, &["components"], allowed, &mut seen, mistakes);
    if seen.count > ALL {
        let text = format!("The total number of components cannot exceed {ALL}");
        mistakes.add(&["components"], "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", text);
    }
    if seen.text > TEXT {
        let text = format!("The total displayable text size exceeds the maximum size of {TEXT}");
        mistakes.add(&["components"], "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", text);
    }
}

fn kind(component: &Value) -> u64 {
    component["type"].as_u64().unwrap_or(0)
}

fn walk<'a>(list: &'a [Value], path: &[&str], allowed: &[u64], seen: &mut Seen<'a>, mistakes: &mut Mistakes) {
    for (index, component) in list.iter().enumerate() {
        let index = index.to_string();
        check_one(component, &[path, &[&index]].concat(), allowed, seen, mistakes);
    }
}

fn check_one<'a>(
    component: &'a Value,
    path: &[&str],
    allowed: &[u64],
    seen: &mut Seen<'a>,
    mistakes: &mut Mistakes,
) {
    seen.count += 1;
    let kind = kind(component);
    if !allowed.contains(&kind) {
        let names: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        let text = format!("Value of field \"type\" must be one of ({}).", names.join(", "));
        mistakes.add(&[path, &["type"]].concat(), "UNION_TYPE_CHOICES", text);
        return;
    }
    match kind {
        ROW => check_row(component, path, seen, mistakes),
        BUTTON => check_button(component, path, seen, mistakes),
        STRING_SELECT | 5..=8 => check_select(component, path, seen, mistakes),
        TEXT_DISPLAY => {
            mistakes.text(component, &[path, &["content"]].concat(), 1, TEXT);
            seen.text += component["content"].as_str().map_or(0, length);
        }
        SECTION => {
            let texts = children(component, path, 1, 3, mistakes);
            walk(texts, &[path, &["components"]].concat(), &[TEXT_DISPLAY], seen, mistakes);
            let accessory = [path, &["accessory"]].concat();
            check_one(&component["accessory"], &accessory, &[BUTTON, THUMBNAIL], seen, mistakes);
        }
        CONTAINER => {
            let allowed = [ROW, SECTION, TEXT_DISPLAY, GALLERY, FILE, SEPARATOR];
            let inner = children(component, path, 1, ALL, mistakes);
            walk(inner, &[path, &["components"]].concat(), &allowed, seen, mistakes);
        }
        GALLERY => check_gallery(component, path, mistakes),
        THUMBNAIL => {
            let files = ["http", "https", "attachment"];
            check_url(&component["media"]["url"], &[path, &["media", "url"]].concat(), &files, mistakes);
        }
        FILE => {
            check_url(
                &component["file"]["url"],
                &[path, &["file", "url"]].concat(),
                &["attachment"],
                mistakes,
            );
        }
        _ => {}
    }
}

fn children<'a>(
    component: &'a Value,
    path: &[&str],
    min: usize,
    max: usize,
    mistakes: &mut Mistakes,
) -> &'a [Value] {
    let path = [path, &["components"]].concat();
    let inner = list(&component["components"], &path, mistakes).map(Vec::as_slice).unwrap_or_default();
    mistakes.items(&path, inner.len(), min, max);
    inner
}

/// Up to five buttons, or one select.
fn check_row<'a>(component: &'a Value, path: &[&str], seen: &mut Seen<'a>, mistakes: &mut Mistakes) {
    let selects =
        component["components"].as_array().is_some_and(|inner| inner.iter().any(|c| kind(c) != BUTTON));
    let inner = children(component, path, 1, if selects { 1 } else { FIVE }, mistakes);
    let allowed = [BUTTON, STRING_SELECT, 5, 6, 7, 8];
    walk(inner, &[path, &["components"]].concat(), &allowed, seen, mistakes);
}

fn check_button<'a>(button: &'a Value, path: &[&str], seen: &mut Seen<'a>, mistakes: &mut Mistakes) {
    let at = |key| [path, &[key]].concat();
    mistakes.text(button, &at("label"), 0, 80);
    match button["style"].as_u64() {
        Some(5) => {
            if button["url"].is_null() {
                mistakes.add(&at("url"), "BASE_TYPE_REQUIRED", "This field is required");
            }
            check_url(&button["url"], &at("url"), &["http", "https", "discord"], mistakes);
            if !button["custom_id"].is_null() {
                let text = "A custom id and url cannot both be specified";
                mistakes.add(&at("custom_id"), "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", text);
            }
        }
        Some(6) => {}
        Some(1..=4) => check_custom_id(button, path, seen, mistakes),
        _ => mistakes.add(&at("style"), "BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3, 4, 5, 6)."),
    }
    let named = button["label"].as_str().is_some_and(|label| !label.trim().is_empty());
    if !named && button["emoji"].is_null() && button["style"] != 6 {
        let text = "A button must have a label or emoji";
        mistakes.add(path, "BUTTON_COMPONENT_INVALID_LABEL", text);
    }
}

fn check_custom_id<'a>(component: &'a Value, path: &[&str], seen: &mut Seen<'a>, mistakes: &mut Mistakes) {
    let path = [path, &["custom_id"]].concat();
    let Some(id) = component["custom_id"].as_str() else {
        return mistakes.add(&path, "BASE_TYPE_REQUIRED", "This field is required");
    };
    mistakes.text(component, &path, 1, 100);
    if seen.custom_ids.contains(&id) {
        let text = "Component custom id cannot be duplicated";
        mistakes.add(&path, "COMPONENT_CUSTOM_ID_DUPLICATED", text);
    }
    seen.custom_ids.push(id);
}

fn check_select<'a>(select: &'a Value, path: &[&str], seen: &mut Seen<'a>, mistakes: &mut Mistakes) {
    let at = |key| [path, &[key]].concat();
    check_custom_id(select, path, seen, mistakes);
    mistakes.text(select, &at("placeholder"), 0, 150);
    for (key, min) in [("min_values", 0), ("max_values", 1)] {
        if let Some(value) = select[key].as_u64() {
            mistakes.range(&at(key), value, min, 25);
        }
    }
    if kind(select) != STRING_SELECT {
        return;
    }
    let options = list(&select["options"], &at("options"), mistakes).map(Vec::as_slice).unwrap_or_default();
    mistakes.items(&at("options"), options.len(), 1, OPTIONS);
    for (index, option) in options.iter().enumerate() {
        let index = index.to_string();
        for (key, min) in [("label", 1), ("value", 1), ("description", 0)] {
            let path = [path, &["options", &index, key]].concat();
            if min > 0 && option[key].is_null() {
                mistakes.add(&path, "BASE_TYPE_REQUIRED", "This field is required");
            }
            mistakes.text(option, &path, min, 100);
        }
    }
}

fn check_gallery(gallery: &Value, path: &[&str], mistakes: &mut Mistakes) {
    let at = [path, &["items"]].concat();
    let items = list(&gallery["items"], &at, mistakes).map(Vec::as_slice).unwrap_or_default();
    mistakes.items(&at, items.len(), 1, 10);
    for (index, item) in items.iter().enumerate() {
        let index = index.to_string();
        let url = [path, &["items", &index, "media", "url"]].concat();
        check_url(&item["media"]["url"], &url, &["http", "https", "attachment"], mistakes);
        mistakes.text(item, &[path, &["items", &index, "description"]].concat(), 0, 1024);
    }
}
