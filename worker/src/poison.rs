//! A message that can not be read: parked, never looped over.

use common::bus::Pulled;
use common::bus::subjects::last_token;
use common::error_code::ErrorCode;
use common::job::{JobError, JobId, JobState};

use crate::report::{Reported, Reporter};
use crate::settle::settle;
use crate::worker::Worker;

/// Ends the job of an unreadable message, when its event can be read, and drops the message.
pub(crate) async fn park(worker: &Worker, pulled: &Pulled, reason: &str) {
    tracing::error!(subject = pulled.subject(), reason, "a message can not be read");
    let Ok(job) = last_token(pulled.subject()).parse::<JobId>() else {
        return settle(pulled.term().await);
    };
    let last = match worker.bus.events().last(job).await {
        Ok(Some(last)) => last,
        Ok(None) | Err(common::bus::BusError::Undecodable { .. }) => {
            return settle(pulled.term().await);
        }
        Err(_) => return,
    };
    if last.event.is_terminal() || last.event.state == JobState::Running {
        // A running job has another message's run; its end will remove this one.
        return settle(if last.event.is_terminal() {
            pulled.ack().await
        } else {
            pulled.nak(Some(worker.bus.ack_wait())).await
        });
    }
    let error = JobError::permanent(
        ErrorCode::Internal,
        "the job was written by another version of Millrace and can not be read",
    );
    let run = worker.new_run();
    let reporter = Reporter { bus: &worker.bus, clock: &worker.clock, run: &run };
    if let Reported::Written(_) = reporter.bury(&last, &error).await {
        settle(pulled.ack().await);
    }
}
