//! Many jobs in one request: each is accepted or refused on its own.

use futures::StreamExt;

use super::{SubmitRequest, Submitted, submit};
use crate::api::ApiError;
use crate::state::AppState;

/// How many jobs of one batch are on their way to the broker at once. Few enough that none of them runs out of patience
/// because of the others on a busy machine.
const IN_FLIGHT: usize = 64;

/// Submits jobs side by side and returns what became of each, in their order. One that could not be read, or is
/// refused, fails alone.
pub(crate) async fn submit_all(
    state: &AppState,
    requests: impl IntoIterator<Item = Result<SubmitRequest, ApiError>>,
) -> Vec<Result<Submitted, ApiError>> {
    let requests: Vec<_> = requests.into_iter().collect();
    futures::stream::iter(requests)
        .map(|request| async { submit(state, request?).await.map_err(ApiError::from) })
        .buffered(IN_FLIGHT)
        .collect()
        .await
}
