//! A job that runs again needs its inputs for itself: those of the first one are removed with it.

use std::sync::Arc;

use common::job::{InputFile, JobEnvelope, JobId, ObjectRef};
use common::objects::{ObjectError, Objects, fetched_input, input_key, job_prefix};
use futures::TryStreamExt;

/// What a job reads, under the id of the job that runs it again.
#[derive(Debug)]
pub(crate) struct CopiedInputs {
    /// Parameters that are too large for a message.
    pub(crate) input_object: Option<ObjectRef>,
    /// Files by role.
    pub(crate) files: Vec<InputFile>,
}

/// Copies what belongs to `job` alone to `id`; uploaded files are shared.
pub(crate) async fn copy_inputs(
    objects: &Objects,
    job: &Arc<JobEnvelope>,
    id: JobId,
) -> Result<CopiedInputs, ObjectError> {
    let own = format!("{}/", job_prefix(job.id));
    let input_object = match &job.input_object {
        Some(object) => Some(copy_input(objects, object, id).await?),
        None => None,
    };
    let mut files = Vec::with_capacity(job.files.len());
    for file in &job.files {
        if file.key.starts_with(&own) {
            files.push(copy_file(objects, file, id).await?);
        } else {
            objects.head(&file.key).await?;
            files.push(file.clone());
        }
    }
    Ok(CopiedInputs { input_object, files })
}

/// Copies parameters that were stored under another id to the job's own.
pub(crate) async fn copy_input(
    objects: &Objects,
    object: &ObjectRef,
    id: JobId,
) -> Result<ObjectRef, ObjectError> {
    let key = input_key(id);
    copy(objects, &object.key, &key).await?;
    Ok(ObjectRef { key, bytes: object.bytes })
}

/// Copies a file that was stored under another id to the job's own.
pub(crate) async fn copy_file(
    objects: &Objects,
    file: &InputFile,
    id: JobId,
) -> Result<InputFile, ObjectError> {
    let key = fetched_input(id, &file.name);
    copy(objects, &file.key, &key).await?;
    Ok(InputFile { key, ..file.clone() })
}

async fn copy(objects: &Objects, from: &str, to: &str) -> Result<(), ObjectError> {
    let mut source = objects.stream(from, None).await?;
    let mut target = objects.writer(to, u64::MAX)?;
    loop {
        let part = match source.try_next().await {
            Ok(Some(part)) => part,
            Ok(None) => return target.finish().await.map(drop),
            Err(error) => {
                target.abort().await;
                return Err(error);
            }
        };
        if let Err(error) = target.write(part).await {
            target.abort().await;
            return Err(error);
        }
    }
}
