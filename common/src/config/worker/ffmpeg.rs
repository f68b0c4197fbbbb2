//! `[worker.ffmpeg]`

use std::time::Duration;

use crate::config::section::Section;

/// The media engine.
#[derive(Clone, Debug)]
pub struct FfmpegConfig {
    /// How many jobs run at once.
    pub slots: usize,
    /// Whether ffmpeg runs in a sandbox.
    pub sandbox: Sandbox,
    /// The longest source.
    pub max_duration: Duration,
    /// Most pixels of a picture.
    pub max_pixels: u64,
    /// Largest file that a job may write, in bytes.
    pub max_output: u64,
    /// The longest run.
    pub time_limit: Duration,
    /// Most memory (address space) of one ffmpeg, in bytes.
    pub memory: u64,
    /// Threads of one ffmpeg; 0: the cores, shared among the jobs that run when it starts.
    pub threads: usize,
}

/// Whether ffmpeg runs in a sandbox of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sandbox {
    /// Where bubblewrap works.
    Auto,
    /// Always; the worker does not start without.
    Require,
    /// Never.
    Off,
}

impl FfmpegConfig {
    /// `None` when it is off; its keys are checked all the same.
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let second = Duration::from_secs(1);
        let choices =
            [("auto", Sandbox::Auto), ("require", Sandbox::Require), ("off", Sandbox::Off)];
        let this = Self {
            slots: section.count("slots", 1..=1_000),
            sandbox: section.choice("sandbox", &choices),
            max_duration: section.duration("max_duration", second..=Duration::from_hours(48)),
            max_pixels: section.integer("max_pixels", 1..=1 << 32),
            max_output: section.size("max_output", 1_000_000..=1 << 40),
            time_limit: section.duration("time_limit", second..=Duration::from_hours(48)),
            memory: section.size("memory", 256_000_000..=1 << 42),
            threads: section.count("threads", 0..=256),
        };
        section.flag("enabled").then_some(this)
    }
}
