//! The job: what was asked, what became of it, and the pure rules by which it moves.

mod envelope;
mod error;
mod event;
mod id;
mod object;
#[cfg(test)]
mod properties;
mod result;
mod state;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod token;
mod transition;

pub use envelope::{InputFile, JobEnvelope, Lane, ObjectRef};
pub use error::JobError;
pub use event::{EventKind, JobEvent, Metrics};
pub use id::{EventId, Id, JobId, RunId};
pub use object::{ArtifactLink, JobLinks, JobObject};
pub use result::{Artifact, JobResult, Outcome};
pub use state::JobState;
pub use token::{Tenant, TenantError};
pub use transition::{IllegalTransition, Run};
