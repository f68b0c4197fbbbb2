//! What an operator may set.

use std::time::Duration;

/// Whether ffmpeg runs in a sandbox of its own (bubblewrap: no network, no files but the job's).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SandboxMode {
    /// In a sandbox where bubblewrap works, else with resource limits and without privileges.
    #[default]
    Auto,
    /// In a sandbox; a worker where bubblewrap does not work does not start.
    Require,
    /// Without a sandbox, with resource limits and without privileges.
    Off,
}

/// The settings of the engine.
#[derive(Clone, Debug)]
pub struct FfmpegOptions {
    /// How many jobs run at once, at least 1.
    pub slots: usize,
    /// Whether ffmpeg runs in a sandbox.
    pub sandbox: SandboxMode,
    /// The longest source.
    pub max_duration: Duration,
    /// The most pixels of a picture, of a source and of a result.
    pub max_pixels: u64,
    /// The largest file that a job may write.
    pub max_output_bytes: u64,
    /// The longest that one job may take.
    pub time_limit: Duration,
    /// The most memory of one ffmpeg (address space); below 2 GB some filters do not start.
    pub memory_bytes: u64,
    /// Threads of one ffmpeg; 0 shares the cores among the jobs that run when it starts.
    pub threads: usize,
}

impl Default for FfmpegOptions {
    fn default() -> Self {
        Self {
            slots: 2,
            sandbox: SandboxMode::Auto,
            max_duration: Duration::from_hours(2),
            max_pixels: 64_000_000,
            max_output_bytes: 4_000_000_000,
            time_limit: Duration::from_hours(1),
            memory_bytes: 4_000_000_000,
            threads: 0,
        }
    }
}
