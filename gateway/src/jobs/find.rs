//! A tenant's job, wherever it is known: its last event, or the record of it when that is gone.

use std::time::Duration;

use common::bus::{BusError, StoredEvent};
use common::job::{JobEvent, JobId, Tenant};

use crate::api::ApiError;
use crate::state::AppState;

/// A caller hears that the broker is away within two seconds.
const PATIENCE: Duration = Duration::from_millis(1800);

/// A job as it is known.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// Its last event.
    pub(crate) event: JobEvent,
    /// The event's sequence, while the broker has it.
    pub(crate) sequence: Option<u64>,
    /// Whether input, result and files were removed.
    pub(crate) content_removed: bool,
}

/// A tenant's job, to be shown. `at_least` is the version that the caller has seen.
pub(crate) async fn find(
    state: &AppState,
    tenant: &Tenant,
    id: JobId,
    at_least: Option<u64>,
) -> Result<Known, ApiError> {
    let stored = bounded(state.bus.events().status(id, at_least)).await?;
    known(state, tenant, id, stored).await
}

/// A tenant's job, from the leader: for everything that decides.
pub(crate) async fn decide(
    state: &AppState,
    tenant: &Tenant,
    id: JobId,
) -> Result<Known, ApiError> {
    let stored = bounded(state.bus.events().last(id)).await?;
    known(state, tenant, id, stored).await
}

/// The last event of a tenant's job as its dead letter keeps it, with its parameters: also after the event and the record
/// have forgotten them. `None` when there is no dead letter, or it is another tenant's.
pub(crate) async fn dead_letter(
    state: &AppState,
    tenant: &Tenant,
    id: JobId,
) -> Result<Option<JobEvent>, ApiError> {
    let dead = bounded(state.bus.dead_job(id)).await?;
    Ok(dead.filter(|event| event.job.tenant == *tenant))
}

async fn known(
    state: &AppState,
    tenant: &Tenant,
    id: JobId,
    stored: Option<StoredEvent>,
) -> Result<Known, ApiError> {
    if let Some(StoredEvent { event, sequence }) = stored {
        if event.job.tenant != *tenant {
            return Err(ApiError::not_found("job"));
        }
        let content_removed = event.content_removed_at.is_some();
        return Ok(Known { event, sequence: Some(sequence), content_removed });
    }
    // The event is gone after the status retention; without the records it is not known whether there was one.
    match state.records.job(tenant, id).await {
        Ok(Some(record)) => Ok(Known {
            content_removed: record.content_removed_at.is_some(),
            event: record.event,
            sequence: None,
        }),
        Ok(None) => Err(ApiError::not_found("job")),
        Err(error) => Err(ApiError::unavailable("records", error)),
    }
}

async fn bounded<T>(read: impl Future<Output = Result<T, BusError>>) -> Result<T, ApiError> {
    tokio::time::timeout(PATIENCE, read)
        .await
        .map_err(|_| ApiError::unavailable("NATS", "no answer to a read in time"))?
        .map_err(ApiError::from)
}
