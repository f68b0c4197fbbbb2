//! Answers dispatchers that ask to disable an endpoint: only gateways write the configuration.

use std::time::Duration;

use common::bus::{BusError, DisableRequest};
use common::error_code::ErrorCode;
use tokio_util::sync::CancellationToken;

use super::switch::disable;
use crate::state::AppState;

/// How long to wait before subscribing again.
const PAUSE: Duration = Duration::from_secs(1);

/// Answers requests until `stop`. Each goes to one gateway.
pub(crate) async fn answer_disable_requests(state: AppState, stop: CancellationToken) {
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => {}
            ended = answer_all(&state) => {
                if let Err(error) = ended {
                    tracing::warn!(%error, "requests to disable endpoints are not heard");
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn answer_all(state: &AppState) -> Result<(), BusError> {
    let mut requests = state.bus.subscribe_disable_requests().await?;
    while let Some(request) = requests.next().await {
        answer(state, request).await;
    }
    Ok(())
}

async fn answer(state: &AppState, request: DisableRequest) {
    let what = &request.what;
    let outcome = match disable(state, &what.tenant, &what.endpoint_id, &what.reason).await {
        Ok(_) => {
            tracing::info!(
                tenant = %what.tenant, endpoint.id = what.endpoint_id, reason = what.reason,
                "an endpoint was disabled"
            );
            Ok(())
        }
        // It was removed meanwhile, which is as good.
        Err(error) if error.code() == ErrorCode::NotFound => Ok(()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = request.answer(outcome).await {
        tracing::warn!(%error, "a dispatcher was not answered");
    }
}
