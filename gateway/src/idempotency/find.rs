//! Looking for the job of a key.

use common::bus::StoredEvent;
use common::error_code::ErrorCode;
use common::job::{JobId, Tenant};
use futures::future::try_join_all;

use super::Idempotency;
use super::key::job_ids;
use crate::state::AppState;
use crate::submit;

/// How often a job may have been refused before its key is given up for the day.
const GENERATIONS: u32 = 16;

/// What a key stands for.
#[derive(Debug)]
pub(crate) enum Found {
    /// The job of an earlier request.
    Job(Box<StoredEvent>),
    /// Nothing yet: the id that its job gets.
    Free(JobId),
}

/// Finds the job of a key, from the leader. Another request under the same key is a mismatch.
pub(crate) async fn find(
    state: &AppState,
    tenant: &Tenant,
    idempotency: &Idempotency,
) -> Result<Found, submit::Error> {
    let now = state.clock.now();
    for generation in 0..GENERATIONS {
        let ids = job_ids(tenant, &idempotency.key, generation, now);
        let events = state.bus.events();
        let found = try_join_all(ids.iter().map(|id| events.last(*id))).await?;
        match found.into_iter().flatten().next() {
            None => return Ok(Found::Free(ids[0])),
            Some(stored) if was_refused(&stored) => {}
            Some(stored)
                if stored.event.job.fingerprint.as_ref() == Some(&idempotency.fingerprint) =>
            {
                return Ok(Found::Job(Box::new(stored)));
            }
            Some(_) => return Err(submit::Error::IdempotencyMismatch),
        }
    }
    Err(submit::Error::Full)
}

/// The broker did not take it, and its caller was told so.
pub(crate) fn was_refused(stored: &StoredEvent) -> bool {
    stored.event.error.as_ref().is_some_and(|error| error.code == ErrorCode::Refused)
}
