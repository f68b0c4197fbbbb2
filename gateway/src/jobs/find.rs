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

/// Why a tenant's job is not known.
#[derive(Debug)]
pub(crate) enum Unknown {
    /// The broker was asked and has no event, and the records have no row or are away (the error says which): only a
    /// dead letter may still tell of the job.
    Forgotten(ApiError),
    /// The broker did not answer, its event can not be read, or the job is another tenant's: there is no more to look at.
    Refused(ApiError),
}

impl From<Unknown> for ApiError {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            Unknown::Forgotten(error) | Unknown::Refused(error) => error,
        }
    }
}

/// A tenant's job, to be shown. `at_least` is the version that the caller has seen.
pub(crate) async fn find(
    state: &AppState,
    tenant: &Tenant,
    id: JobId,
    at_least: Option<u64>,
) -> Result<Known, ApiError> {
    let stored = bounded(state.bus.events().status(id, at_least)).await?;
    Ok(known(state, tenant, id, stored).await?)
}

/// A tenant's job, from the leader: for everything that decides. Tells a job that is forgotten from one of which the
/// broker could not be asked.
pub(crate) async fn decide(state: &AppState, tenant: &Tenant, id: JobId) -> Result<Known, Unknown> {
    let stored = bounded(state.bus.events().last(id)).await.map_err(Unknown::Refused)?;
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
) -> Result<Known, Unknown> {
    if let Some(stored) = stored {
        return of_tenant(tenant, stored);
    }
    // The event is gone after the status retention; without the records it is not known whether there was one.
    match state.records.job(tenant, id).await {
        Ok(Some(record)) => Ok(Known {
            content_removed: record.content_removed_at.is_some(),
            event: record.event,
            sequence: None,
        }),
        // Records are a moment behind, so this was a leader's word alone, who may not know that another leads.
        Ok(None) => match bounded(state.bus.events().confirmed(id)).await {
            Ok(Some(stored)) => of_tenant(tenant, stored),
            Ok(None) => Err(Unknown::Forgotten(ApiError::not_found("job"))),
            Err(error) => Err(Unknown::Refused(error)),
        },
        Err(error) => Err(Unknown::Forgotten(ApiError::unavailable("records", error))),
    }
}

fn of_tenant(tenant: &Tenant, stored: StoredEvent) -> Result<Known, Unknown> {
    let StoredEvent { event, sequence } = stored;
    if event.job.tenant != *tenant {
        return Err(Unknown::Refused(ApiError::not_found("job")));
    }
    let content_removed = event.content_removed_at.is_some();
    Ok(Known { event, sequence: Some(sequence), content_removed })
}

async fn bounded<T>(read: impl Future<Output = Result<T, BusError>>) -> Result<T, ApiError> {
    tokio::time::timeout(PATIENCE, read)
        .await
        .map_err(|_| ApiError::unavailable("NATS", "no answer to a read in time"))?
        .map_err(ApiError::from)
}
