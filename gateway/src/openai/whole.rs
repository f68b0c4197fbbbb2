//! The answer of a call as one piece.

use axum::response::Response;

use super::waited::{Outcome, Waited};
use crate::answer::{name_job, with_bytes, with_result};
use crate::api::ApiError;
use crate::state::AppState;
use crate::submit::named;
use crate::wait::{Ended, collect, lost_answer};

/// Waits for the whole answer.
pub(super) async fn whole(state: &AppState, waited: Waited) -> Result<Outcome, ApiError> {
    let Waited { mut session, mut guard, durable, .. } = waited;
    let job = session.job().id;
    let ended = match collect(&mut session, durable).await {
        Ok(ended) => ended,
        Err(error) => return Outcome::unanswered(error, guard, session.job()),
    };
    // With a lost answer the guard stays armed: whoever is still at it works for nobody.
    if let (Some(guard), false) = (&mut guard, matches!(ended, Ended::Lost(_))) {
        guard.disarm();
    }
    let response: Response = match ended {
        Ended::Answer { content_type, body } => {
            let mut response = with_bytes(&content_type, body);
            name_job(&mut response, job);
            response
        }
        Ended::Lost(lost) => return Err(named(ApiError::of_job(&lost_answer(lost)), job)),
        Ended::Failed(error) => return Err(named(ApiError::of_job(&error), job)),
        Ended::Event(event) => with_result(state, &event).await?,
    };
    Ok(Outcome::Answer(response))
}
