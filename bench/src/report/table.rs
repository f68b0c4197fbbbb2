//! Figures for a terminal.

use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table, presets};

use super::number;
use super::row::{Found, Row};
use super::summary::told;

/// The figures of a bench as a table, and what each operation cost.
pub(crate) fn table(found: &Found) -> String {
    let rows = found.rows.iter().map(|row| {
        let Cells { value, spread, against, goals } = cells(row);
        [row.name.clone(), value, row.unit.clone(), spread, against, goals.join("\n")]
    });
    let header = ["what", "median", "unit", "rounds, least to most", "ratio", "to reach"];
    let figures = draw(&header, rows);
    let costs = found.rows.iter().filter(|row| !row.cpu_us.is_empty());
    let costs: Vec<_> = costs.map(|row| [row.name.clone(), cpu(row), memory(row)]).collect();
    let notes = found.rows.iter().filter_map(|row| Some((&row.name, row.note.as_ref()?)));
    let mut text = format!("\n{}: {}\n{figures}\n", found.bench, found.about);
    if !costs.is_empty() {
        let header = ["what", "processor time of one operation, µs", "most memory, MiB"];
        let _ = writeln!(text, "{}", draw(&header, costs.into_iter()));
    }
    for remark in found.failed.iter().chain(&found.remarks) {
        let _ = writeln!(text, "  {remark}");
    }
    for (row, note) in notes {
        let _ = writeln!(text, "  {row}: {note}");
    }
    text
}

/// A row as text.
pub(super) struct Cells {
    /// Its figure.
    pub(super) value: String,
    /// How many rounds it is of, and the least and the most of them.
    pub(super) spread: String,
    /// Its comparison.
    pub(super) against: String,
    /// Its goals.
    pub(super) goals: Vec<String>,
}

pub(super) fn cells(row: &Row) -> Cells {
    let against = row.against.as_ref().map_or_else(String::new, |against| {
        let ratio = against.ratio.map_or_else(|| "-".to_owned(), number);
        format!("{ratio} × {}", against.row)
    });
    let (least, most) =
        row.rounds.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), &value| {
            (least.min(value), most.max(value))
        });
    let spread = match row.rounds.len() {
        0 => String::new(),
        1 => "1".to_owned(),
        count => format!("{count}: {} to {}", number(least), number(most)),
    };
    Cells {
        value: row.value.map_or_else(|| "-".to_owned(), number),
        spread,
        against,
        goals: row.goals.iter().map(told).collect(),
    }
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
