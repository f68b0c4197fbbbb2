//! Whether there is room. Where the broker would drop silently, or could not store the end of what it accepted,
//! this refuses earlier.

use common::clock::Timestamp;
use common::job::Tenant;

use super::patience::Patience;
use super::validate::Draft;
use super::{Durability, Error};
use crate::state::AppState;

/// The counter of a tenant's delayed jobs; its windows are the hours in which they are due, named by their number
/// since 1970.
const DELAYED: &str = "delayed";
/// What an event has besides the parameters, about.
const EVENT_BYTES: u64 = 2_000;

/// Refuses what would not fit.
pub(super) async fn admit(
    state: &AppState,
    draft: &Draft,
    patience: &mut Patience,
) -> Result<(), Error> {
    let now = state.clock.now();
    if state.queues.events_are_full(now) {
        return Err(Error::Full);
    }
    let durable = draft.request.durability == Durability::Job;
    if durable && state.queues.jobs_are_full(draft.operation.capability, now) {
        return Err(Error::Full);
    }
    if let Some(run_at) = draft.request.run_at.filter(|run_at| *run_at > now) {
        admit_delayed(state, &draft.request.tenant, run_at, patience).await?;
    }
    state.queues.admitted(EVENT_BYTES + draft.inline_bytes());
    Ok(())
}

/// Schedules have no limit of their own, so they are counted.
async fn admit_delayed(
    state: &AppState,
    tenant: &Tenant,
    run_at: Timestamp,
    patience: &mut Patience,
) -> Result<(), Error> {
    let limit = state.config.gateway.max_delayed_per_hour;
    let window = run_at.as_secs().div_euclid(3600).to_string();
    let count = async |by| {
        state
            .bus
            .count(tenant, DELAYED, &window, by)
            .await
            .map_err(|error| Error::Unavailable { job: None, cause: error.to_string() })
    };
    let total = patience.bound(count(1)).await?;
    if total <= limit {
        return Ok(());
    }
    // What is refused does not count. A lost correction errs on the side of fewer jobs.
    if let Err(error) = patience.bound(count(-1)).await {
        tracing::debug!(%tenant, %error, "a refused job was not taken off the count");
    }
    Err(Error::TooManyDelayed { limit })
}
