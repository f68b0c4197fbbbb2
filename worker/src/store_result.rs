//! Storing the result of a run, before its terminal event is written.

use std::time::Duration;

use common::job::{JobId, JobResult, Outcome, RunId};
use common::objects::{ObjectError, Objects, RunKey};
use common::retry::{Backoff, RetryPolicy};
use serde_json::value::RawValue;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::engine::Output;

/// How long a finished run tries to store its result before it gives the job back.
const PATIENCE: Duration = Duration::from_secs(60);

/// The outcome of a successful run, with its result where it will be found: small JSON in the event itself, anything
/// else as an object under the run's own key.
pub(crate) async fn store_result(
    objects: &Objects,
    job: JobId,
    run: RunId,
    output: Output,
    stop: &CancellationToken,
) -> Result<Outcome, ObjectError> {
    let Output { content_type, body, artifacts, usage, load_ms } = output;
    let bytes = body.len() as u64;
    let inline = (content_type == "application/json" && body.len() <= JobResult::INLINE_LIMIT)
        .then(|| serde_json::from_slice::<Box<RawValue>>(&body).ok())
        .flatten();
    let result = if let Some(document) = inline {
        JobResult { content_type, bytes, inline: Some(document.into()), key: None }
    } else {
        let key = RunKey { job, run }.result();
        put(objects, &key, body, stop).await?;
        JobResult { content_type, bytes, inline: None, key: Some(key) }
    };
    Ok(Outcome::Succeeded { result: Some(result), artifacts, usage, load_ms })
}

async fn put(
    objects: &Objects,
    key: &str,
    body: bytes::Bytes,
    stop: &CancellationToken,
) -> Result<(), ObjectError> {
    let deadline = Instant::now() + PATIENCE;
    let mut backoff = Backoff::new(RetryPolicy::default());
    loop {
        match objects.put(key, body.clone()).await {
            Ok(()) => return Ok(()),
            Err(error) => {
                let pause = backoff.next();
                if Instant::now() + pause >= deadline {
                    return Err(error);
                }
                tracing::warn!(%error, "a result can not be stored yet");
                tokio::select! {
                    () = stop.cancelled() => return Err(error),
                    () = tokio::time::sleep(pause) => {}
                }
            }
        }
    }
}
