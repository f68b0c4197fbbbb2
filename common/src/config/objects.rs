//! `[objects]`

use super::section::Section;

/// Where inputs, results and files are kept.
#[derive(Clone, Debug)]
pub struct ObjectsConfig {
    /// For [`Objects::open`](crate::objects::Objects::open); empty when not set.
    pub url: String,
}

impl ObjectsConfig {
    pub(super) fn read(section: &Section<'_>) -> Self {
        // Checked, but kept as it is written: the clouds have their own way with paths.
        section.url("url", &["file", "memory", "s3", "gs", "az"]);
        Self { url: section.text("url") }
    }
}
