//! Standard output and standard error: the one place that prints.

use std::io::Write as _;

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;

/// A line for people or programs on standard output. A closed pipe is no fault of ours.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Text without a line end, shown at once.
pub(crate) fn say_part(text: &str) {
    let mut out = std::io::stdout();
    let _ = write!(out, "{text}").and_then(|()| out.flush());
}

/// A line on standard error.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A document for programs.
pub(crate) fn say_json(value: &Value) {
    say(&serde_json::to_string_pretty(value).unwrap_or_default());
}

/// A table for people.
pub(crate) fn say_table(header: &[&str], rows: Vec<Vec<String>>, empty: &str) {
    if rows.is_empty() {
        return say(empty);
    }
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header.iter().map(|title| title.to_uppercase()))
        .add_rows(rows);
    say(&table.to_string());
}

/// A field of a document as text; empty when it is not there.
pub(crate) fn text(value: &Value, path: &str) -> String {
    match value.pointer(path) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
