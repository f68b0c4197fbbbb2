//! Media: images, video and sound.
//!
//! The way of a job: fetch the input under a neutral name → say what it is (`probe`) → decide what to do (`plan`,
//! pure) → do it, in process (`image`) or with ffmpeg in its `sandbox` (`process`, `progress`) → look at what came
//! of it → store it. Whatever goes wrong is said in words that a person understands (`failure`).

mod arguments;
mod cpu;
mod failure;
mod geometry;
mod image;
mod operation;
mod options;
mod plan;
mod probe;
mod process;
mod progress;
mod result;
mod sandbox;
#[cfg(test)]
mod tests;
mod threads;
mod tools;

#[cfg(feature = "fuzzing")]
pub(crate) use probe::fuzzing;

pub use options::{FfmpegOptions, SandboxMode};
pub use tools::SetupError;

use common::operation::media;
use futures::future::BoxFuture;

use super::{Engine, EngineError, Offer, Output, RunContext};
use cpu::Cpu;
use sandbox::Sandbox;
use threads::Threads;
use tools::Tools;

/// The engine of the media operations.
#[derive(Debug)]
pub struct FfmpegEngine {
    options: FfmpegOptions,
    sandbox: Sandbox,
    cpu: Cpu,
    threads: Threads,
}

impl FfmpegEngine {
    /// Finds ffmpeg and ffprobe on the PATH and the best way to keep them apart from this machine, by trying them.
    pub async fn new(options: FfmpegOptions) -> Result<Self, SetupError> {
        let threads = Threads::new(options.threads);
        let sandbox = Sandbox::find(Tools::find()?, &options, threads.most()).await?;
        Ok(Self { cpu: Cpu::new(options.slots), threads, sandbox, options })
    }
}

impl Engine for FfmpegEngine {
    fn capability(&self) -> &'static str {
        media::CAPABILITY
    }

    fn slots(&self) -> usize {
        self.options.slots.max(1)
    }

    fn offers(&self) -> Vec<Offer> {
        let operations =
            media::OPERATIONS.iter().map(|operation| operation.name.to_owned()).collect();
        vec![Offer { model: media::CAPABILITY.to_owned(), operations, warm: true }]
    }

    fn run<'a>(&'a self, context: &'a RunContext) -> BoxFuture<'a, Result<Output, EngineError>> {
        Box::pin(operation::run(self, context))
    }
}
