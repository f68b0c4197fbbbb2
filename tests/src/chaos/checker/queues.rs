//! Nothing lies in a work queue, and every stream is there to tell so.

use super::{Court, Evidence};

pub(super) fn check(evidence: &Evidence, court: &mut Court<'_>) {
    for left in &evidence.left {
        court.pending("", left.clone());
    }
}

pub(super) fn whole(evidence: &Evidence, court: &mut Court<'_>) {
    for trouble in &evidence.silent {
        court.pending("", trouble.clone());
    }
}
