//! `[worker.diagnostic]`

use crate::config::section::Section;

/// The engine for tests and operators.
#[derive(Clone, Debug)]
pub struct DiagnosticConfig {
    /// How many jobs run at once.
    pub slots: usize,
}

impl DiagnosticConfig {
    /// `None` when it is off; its keys are checked all the same.
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let this = Self { slots: section.count("slots", 1..=10_000) };
        section.flag("enabled").then_some(this)
    }
}
