//! Figures of peers as rows.

use crate::peers::QueueFigures;
use crate::report::Sheet;

/// Adds one figure of a round of a peer, or why there is none.
pub(super) fn add(
    sheet: &mut Sheet,
    row: &str,
    unit: &str,
    figures: &Result<QueueFigures, String>,
    pick: impl Fn(&QueueFigures) -> Option<f64>,
) {
    match figures {
        Ok(found) => match pick(found) {
            Some(value) => {
                sheet.add(row, unit, value);
                sheet.note(row, &format!("{}; accepted means: {}", found.version, found.promise));
            }
            None => sheet.missing(row, unit, "the peer gave no figure"),
        },
        Err(why) => sheet.missing(row, unit, why),
    }
}
