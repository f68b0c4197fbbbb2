//! Figures for a terminal.

use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table, presets};

use super::number;
use super::row::{Found, Row};

/// The figures of a bench as a table, and what each operation cost.
pub(crate) fn table(found: &Found) -> String {
    let rows = found.rows.iter().map(|row| {
        let (value, against, goals) = cells(row);
        [row.name.clone(), value, row.unit.clone(), against, goals.join("\n")]
    });
    let figures = draw(&["what", "median", "unit", "ratio", "to reach"], rows);
    let costs = found.rows.iter().filter(|row| !row.cpu_us.is_empty());
    let costs: Vec<_> = costs.map(|row| [row.name.clone(), cpu(row), memory(row)]).collect();
    let notes = found.rows.iter().filter_map(|row| Some((&row.name, row.note.as_ref()?)));
    let mut text = format!("\n{}: {}\n{figures}\n", found.bench, found.about);
    if !costs.is_empty() {
        let header = ["what", "processor time of one operation, µs", "most memory, MiB"];
        let _ = writeln!(text, "{}", draw(&header, costs.into_iter()));
    }
    for (row, note) in notes {
        let _ = writeln!(text, "  {row}: {note}");
    }
    text
}

/// A row's figure, comparison and goals as text.
pub(super) fn cells(row: &Row) -> (String, String, Vec<String>) {
    let value = row.value.map_or_else(|| "-".to_owned(), number);
    let against = row.against.as_ref().map_or_else(String::new, |against| {
        let ratio = against.ratio.map_or_else(|| "-".to_owned(), number);
        format!("{ratio} × {}", against.row)
    });
    let goals = row.goals.iter().map(|goal| {
        let reached = goal.reached.map_or_else(|| "-".to_owned(), number);
        let verdict = match goal.met {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "not judged",
        };
        format!("{} : {reached}, {verdict}", goal.goal)
    });
    (value, against, goals.collect())
}

/// What each process spent on one operation.
pub(super) fn cpu(row: &Row) -> String {
    join(row.cpu_us.iter().map(|(name, us)| format!("{name} {}", number(*us))))
}

/// The most memory of each process.
pub(super) fn memory(row: &Row) -> String {
    join(row.peak_mib.iter().map(|(name, mib)| format!("{name} {}", number(*mib))))
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

fn draw<const N: usize>(header: &[&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table
        .load_preset(presets::ASCII_BORDERS_ONLY_CONDENSED)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header.iter())
        .add_rows(rows);
    table.to_string()
}
