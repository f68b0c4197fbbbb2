//! What runs a job: one trait, one file or folder per engine.

mod build;
mod context;
pub mod diagnostic;
mod error;
pub mod ffmpeg;
pub mod llm;
mod output;
#[cfg(test)]
pub(crate) mod testing;

pub(crate) use build::build;
pub use context::{RunContext, StoredFile};
pub use error::EngineError;
pub use output::Output;

use futures::future::BoxFuture;

/// The code that does what jobs of one capability ask for.
///
/// Contract: an engine stops within two seconds after `context.cancel` is cancelled and returns
/// [`EngineError::Canceled`]; it leaves no process and no file behind; it keeps every wait bounded; and it never
/// puts a secret, a path or an upstream address in an error.
pub trait Engine: Send + Sync + 'static {
    /// What a worker with this engine can do, for example `llm`.
    fn capability(&self) -> &'static str;

    /// How many jobs it runs at once, at least 1.
    fn slots(&self) -> usize;

    /// The models and operations it offers now. Cheap: called at every presence beat.
    fn offers(&self) -> Vec<Offer>;

    /// Runs one job to its end.
    fn run<'a>(&'a self, context: &'a RunContext) -> BoxFuture<'a, Result<Output, EngineError>>;

    /// Keeps the engine's own knowledge fresh (for example discovers models) until the token is cancelled.
    /// Most engines have nothing to keep.
    fn maintain<'a>(&'a self, stop: &'a tokio_util::sync::CancellationToken) -> BoxFuture<'a, ()> {
        Box::pin(stop.cancelled())
    }
}

/// A model that an engine offers.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Offer {
    /// The model's name as callers write it.
    pub model: String,
    /// What can be asked of it.
    pub operations: Vec<String>,
    /// Whether it is loaded, so that a job starts at once.
    pub warm: bool,
}
