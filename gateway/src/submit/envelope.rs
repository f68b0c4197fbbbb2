//! The job as every message of it will carry it.

use std::sync::Arc;

use bytes::Bytes;
use common::clock::Timestamp;
use common::job::{InputFile, JobEnvelope, JobId, Lane, ObjectRef};
use common::objects;

use super::validate::{Draft, Input};
use super::{Durability, Error};
use crate::jobs::copy_input;
use crate::state::AppState;

/// Puts the job together; large parameters are stored first.
pub(super) async fn envelope(
    state: &AppState,
    draft: Draft,
    id: JobId,
    created_at: Timestamp,
    files: Vec<InputFile>,
) -> Result<Arc<JobEnvelope>, Error> {
    let is_large = draft.is_large();
    let Draft { request, operation, model, input } = draft;
    let call = request.durability == Durability::Call;
    let call_deadline = call.then(|| created_at.plus(state.config.gateway.sync_timeout));
    let (input, input_object) = match input {
        // Stored under an id that did not become the job's.
        Input::Object(object) if object.key != objects::input_key(id) => {
            (None, Some(copy_input(&state.objects, &object, id).await?))
        }
        Input::Object(object) => (None, Some(object)),
        Input::Json(input) if is_large => {
            let key = objects::input_key(id);
            let content = Bytes::copy_from_slice(input.get().as_bytes());
            let bytes = content.len() as u64;
            state.objects.put(&key, content).await?;
            (None, Some(ObjectRef { key, bytes }))
        }
        Input::Json(input) => (Some(input), None),
    };
    Ok(Arc::new(JobEnvelope {
        v: JobEnvelope::VERSION,
        id,
        tenant: request.tenant,
        operation: operation.name.to_owned(),
        capability: operation.capability.to_owned(),
        model,
        lane: if call { Lane::Interactive } else { request.lane },
        max_attempts: request.max_attempts.unwrap_or(state.config.jobs.max_attempts),
        created_at,
        run_at: request.run_at.filter(|run_at| *run_at > created_at),
        deadline: match (request.deadline, call_deadline) {
            (Some(asked), Some(limit)) => Some(asked.min(limit)),
            (asked, limit) => asked.or(limit),
        },
        input,
        input_object,
        files,
        webhook: request.webhook,
        metadata: request.metadata,
        retry_of: request.retry_of,
        fingerprint: request.idempotency.map(|idempotency| idempotency.fingerprint),
        reply_to: request.waits.then(|| state.gateway_id.clone()),
        stream: request.stream,
    }))
}
