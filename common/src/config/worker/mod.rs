//! `[worker]`

mod diagnostic;
mod ffmpeg;
mod llm;

use std::path::PathBuf;
use std::time::Duration;

pub use diagnostic::DiagnosticConfig;
pub use ffmpeg::{FfmpegConfig, Sandbox};
pub use llm::LlmConfig;

use super::gateway::token;
use super::section::Section;

/// The worker and its engines.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// Names it on the bus; empty: random.
    pub id: String,
    /// Directory for the files of running jobs; `None`: the system's directory for temporary files.
    pub workspace: Option<PathBuf>,
    /// How long running jobs may go on after a soft stop.
    pub drain_grace: Duration,
    /// How often the worker says that it is there.
    pub presence_interval: Duration,
    /// OpenAI-compatible endpoints.
    pub llm: Vec<LlmConfig>,
    /// The media engine, unless it is off.
    pub ffmpeg: Option<FfmpegConfig>,
    /// The engine for tests and operators, unless it is off.
    pub diagnostic: Option<DiagnosticConfig>,
}

impl WorkerConfig {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let second = Duration::from_secs(1);
        Self {
            id: token(section, "id"),
            workspace: section.optional_text("workspace").map(PathBuf::from),
            drain_grace: section.duration("drain_grace", Duration::ZERO..=Duration::from_hours(24)),
            // Presence is forgotten after a quarter of a minute.
            presence_interval: section
                .duration("presence_interval", Duration::from_millis(100)..=7 * second),
            llm: section.entries("llm").iter().map(LlmConfig::read).collect(),
            ffmpeg: FfmpegConfig::read(&section.section("ffmpeg")),
            diagnostic: DiagnosticConfig::read(&section.section("diagnostic")),
        }
    }
}
