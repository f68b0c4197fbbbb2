//! The answer of a call as it grows: until its first byte it can still fail with a status of its own.

use std::time::Duration;

use axum::response::Response;
use bytes::Bytes;
use tokio::time::Instant;

use super::growing::Growing;
use super::waited::{Outcome, Waited};
use crate::answer::{name_job, with_bytes, with_result};
use crate::api::ApiError;
use crate::sse;
use crate::state::AppState;
use crate::submit::named;
use crate::wait::{CallGuard, Heard, lost_answer};

/// After this long without a byte the answer begins with a keep-alive, so that no proxy gives up on it. From then on
/// it fails in-band.
const BEGIN_AFTER: Duration = Duration::from_secs(15);

/// Waits for the beginning of the answer; the rest follows in the body of the response.
pub(super) async fn grow(state: &AppState, waited: Waited) -> Result<Outcome, ApiError> {
    let Waited { mut session, mut guard, durable, limit } = waited;
    let job = session.job().id;
    let begin = Instant::now() + BEGIN_AFTER;
    let first = loop {
        let heard = tokio::select! {
            heard = session.next() => heard,
            // A caller who set a limit of its own waits for bytes, or for the job.
            () = tokio::time::sleep_until(begin), if limit > BEGIN_AFTER => break Bytes::new(),
        };
        match heard {
            Ok(Heard::Started | Heard::Void) => {}
            Ok(Heard::Chunk(part)) => break part,
            Ok(Heard::Answered { content_type, last }) => {
                disarm(guard.as_mut());
                let mut response = with_bytes(&content_type, last);
                name_job(&mut response, job);
                return Ok(Outcome::Answer(response));
            }
            Ok(Heard::Failed(error)) => {
                disarm(guard.as_mut());
                return Err(named(ApiError::of_job(&error), job));
            }
            Ok(Heard::Ended(event)) => {
                disarm(guard.as_mut());
                return with_result(state, &event).await.map(Outcome::Answer);
            }
            // The end of a durable job is told by its event.
            Ok(Heard::Lost(_)) if durable => {}
            Ok(Heard::Lost(lost)) => return Err(named(ApiError::of_job(&lost_answer(lost)), job)),
            Err(error) => return Outcome::unanswered(error, guard, session.job()),
        }
    };
    // Once the answer has begun it may take as long as any synchronous call.
    session.extend(state.config.gateway.sync_timeout);
    let growing = Growing::new(state, session, guard, durable, first);
    let mut response: Response = sse::response(growing.into_body());
    name_job(&mut response, job);
    Ok(Outcome::Answer(response))
}

fn disarm(guard: Option<&mut CallGuard>) {
    if let Some(guard) = guard {
        guard.disarm();
    }
}
