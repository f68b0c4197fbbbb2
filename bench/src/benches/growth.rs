//! Goals of what is measured step by step while something grows: each figure against the smallest step.

use crate::report::{Goal, Sheet};

/// How many times slower or larger than at the smallest step.
const MOST: f64 = 1.5;

/// The row of the broker's memory.
pub(super) const BROKER: &str = "memory of the broker";

/// Compares the medians, the 99ths of 100 and the broker's memory of each step with the first one, and states what they
/// are to reach at the last one.
pub(super) fn state_goals(
    sheet: &mut Sheet,
    times: &[&str],
    steps: [usize; 3],
    row: impl Fn(&str, usize) -> String,
) {
    let times = times.iter().flat_map(|what| ["p50", "p99"].map(|p| format!("{what} {p}")));
    for figure in times.chain([BROKER.to_owned()]) {
        let least = row(&figure, steps[0]);
        for step in &steps[1..] {
            sheet.against(&row(&figure, *step), &least);
        }
        sheet.goal(&row(&figure, steps[2]), Goal::at_most(MOST).of(&least));
    }
}
