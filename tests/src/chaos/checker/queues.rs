//! Nothing lies in a work queue.

use super::{Court, Evidence};

pub(super) fn check(evidence: &Evidence, court: &mut Court<'_>) {
    for left in &evidence.left {
        court.pending("", left.clone());
    }
}
