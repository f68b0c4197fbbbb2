//! `[records]`

use std::fmt;

use super::section::{Section, parse_url};

/// Where the SQL records are kept.
#[derive(Clone)]
pub struct RecordsConfig {
    /// `sqlite:` or `postgres:` URL; it may hold a password. Empty when not set.
    pub url: String,
}

impl RecordsConfig {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let url = section.text("url");
        if !url.is_empty()
            && let Err(problem) = parse_url(&url, &["sqlite", "postgres", "postgresql"])
        {
            section.mistake("url", problem);
        }
        Self { url }
    }
}

impl fmt::Debug for RecordsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.url.split(':').next().unwrap_or_default();
        f.debug_struct("RecordsConfig").field("url", &format_args!("{scheme}:...")).finish()
    }
}
