//! What a run may use: its input, its files, the way to the waiting caller, and the signal to stop.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use common::clock::SharedClock;
use common::error_code::ErrorCode;
use common::job::{Artifact, InputFile, JobEnvelope, RunId};
use common::objects::{ObjectError, Objects, RunKey};
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::EngineError;
use crate::reply::ReplySink;

/// A file that an engine hands over to be stored as an artifact.
#[derive(Debug)]
pub struct StoredFile<'a> {
    /// The name under which callers see it, for example `output.mp4`.
    pub name: &'a str,
    /// Media type.
    pub content_type: &'a str,
    /// Where it lies in the run's workspace.
    pub path: &'a Path,
}

/// One run's surroundings.
pub struct RunContext {
    /// What was asked.
    pub job: Arc<JobEnvelope>,
    /// This run.
    pub run_id: RunId,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// The operation's parameters, byte for byte.
    pub input: Bytes,
    /// Cancelled when the run must stop: cancelled by the caller, lost to another run, past its deadline, or the
    /// worker stops hard. Whatever the engine returns afterwards is discarded.
    pub cancel: CancellationToken,
    /// The way to the caller who waits; silent when nobody does.
    pub reply: ReplySink,
    /// The time.
    pub clock: SharedClock,
    /// The object store.
    pub objects: Objects,
    pub(crate) workspace: OnceCell<tempfile::TempDir>,
    pub(crate) workspace_root: PathBuf,
}

impl RunContext {
    /// The parameters as `T`. What does not fit is the caller's fault: the gateway checked the same type at submit,
    /// so this fails only for jobs of another version.
    pub fn parameters<T: DeserializeOwned>(&self) -> Result<T, EngineError> {
        serde_json::from_slice(&self.input).map_err(|error| {
            EngineError::fail(
                ErrorCode::InvalidRequest,
                format!("the parameters of {} do not fit: {error}", self.job.operation),
            )
        })
    }

    /// A directory of this run alone; it is removed with the context.
    pub async fn workspace(&self) -> Result<&Path, EngineError> {
        let dir = self
            .workspace
            .get_or_try_init(|| async {
                tempfile::Builder::new().prefix("run-").tempdir_in(&self.workspace_root)
            })
            .await
            .map_err(|error| {
                tracing::error!(error = %error, "the worker's workspace is not writable");
                EngineError::retry(ErrorCode::EngineFailed, "the worker has no room for files now")
            })?;
        Ok(dir.path())
    }

    /// The input file with this role.
    pub fn input_file(&self, name: &str) -> Result<&InputFile, EngineError> {
        self.job.files.iter().find(|file| file.name == name).ok_or_else(|| {
            EngineError::fail(
                ErrorCode::InvalidRequest,
                format!("{} needs an input file named '{name}'", self.job.operation),
            )
        })
    }

    /// Brings an input file into the workspace under `file_name`, which is neutral: the caller's own name never
    /// reaches a file system or a media tool.
    pub async fn fetch_file(
        &self,
        file: &InputFile,
        file_name: &str,
    ) -> Result<PathBuf, EngineError> {
        let path = self.workspace().await?.join(file_name);
        self.objects.download(&file.key, &path).await.map_err(object_error)?;
        Ok(path)
    }

    /// Stores a file of the workspace as an artifact, write-once under this run's own prefix.
    pub async fn store_file(&self, file: StoredFile<'_>) -> Result<Artifact, EngineError> {
        let key = RunKey { job: self.job.id, run: self.run_id }.artifact(file.name);
        let stored = self.objects.upload(&key, file.path).await.map_err(object_error)?;
        Ok(Artifact {
            name: file.name.to_owned(),
            key,
            content_type: file.content_type.to_owned(),
            bytes: stored.bytes,
            sha256: stored.sha256,
        })
    }
}

fn object_error(error: ObjectError) -> EngineError {
    match error {
        ObjectError::NotFound(_) => EngineError::fail(
            ErrorCode::InvalidInput,
            "an input file is gone: it was deleted or its retention ended",
        ),
        other => {
            tracing::warn!(error = %other, "the object store did not serve a run");
            EngineError::retry(ErrorCode::Unavailable, "the object store does not answer now")
        }
    }
}
