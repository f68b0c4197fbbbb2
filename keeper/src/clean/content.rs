//! The content of one ended job: its objects, and its parameters and result in the event and in the record.

use common::bus::{BusError, WriteError};
use common::job::{JobEvent, JobId, JobState, Lane};
use common::objects::{fetched_input, input_key, job_prefix};
use futures::TryStreamExt as _;

use crate::context::{Context, PATIENCE};
use crate::trouble::Trouble;

/// Removes the content of a job that has ended. Safe to repeat: objects go first and the record last, so that a crash
/// in between leaves a job that is cleaned again. The inputs of a job that is kept as a dead letter stay, so that it can
/// run again; they go with it. `told_up_to` is the sequence up to which the outbox has told all events.
pub(super) async fn remove(
    context: &Context,
    recorded: &JobEvent,
    told_up_to: u64,
) -> Result<(), Trouble> {
    let id = recorded.job.id;
    // A call kept nothing: its answer went to its caller.
    if recorded.job.lane != Lane::Interactive {
        if recorded.state == JobState::Failed && is_kept_as_dead(context, id).await? {
            remove_outputs(context, id, None).await?;
        } else {
            context.objects.delete_prefix(&job_prefix(id)).await?;
        }
        strip_event(context, recorded, told_up_to).await?;
    }
    let bare = recorded.without_content(context.clock.as_ref());
    Ok(context.records.forget_content(&bare).await?)
}

/// Tells the end again without its content, while JOB_EVENTS still has it: what is gone is not shown as if it were
/// there. It is the same event under its own id; once its webhooks are made, it says that none follows: the deliveries
/// of long ago may be forgotten, and would be made anew.
async fn strip_event(
    context: &Context,
    recorded: &JobEvent,
    told_up_to: u64,
) -> Result<(), Trouble> {
    let last = match context.bus.events().last(recorded.job.id).await {
        Ok(Some(last)) => last,
        Ok(None) | Err(BusError::Undecodable { .. }) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if !last.event.is_terminal() || last.event.content_removed_at.is_some() {
        return Ok(());
    }
    let bare = last.event.without_content(context.clock.as_ref());
    let events = context.bus.events();
    let told = if last.sequence <= told_up_to {
        events.tell_again(&bare, last.sequence, PATIENCE).await
    } else {
        events.swap(&bare, last.sequence, PATIENCE).await
    };
    match told {
        Ok(_) | Err(WriteError::Conflict(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether a job that ended is kept as a dead letter.
pub(super) async fn is_kept_as_dead(context: &Context, id: JobId) -> Result<bool, Trouble> {
    match context.bus.dead_job(id).await {
        Ok(dead) => Ok(dead.is_some()),
        // Whatever it says, it is there.
        Err(BusError::Undecodable { .. }) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// Removes the objects of a job except its inputs and what lies below `winner`. Returns how many.
pub(super) async fn remove_outputs(
    context: &Context,
    id: JobId,
    winner: Option<&str>,
) -> Result<usize, Trouble> {
    let folder = fetched_input(id, "");
    let (parameters, files) = (input_key(id), folder.trim_end_matches('/'));
    let mut objects = context.objects.list(&job_prefix(id), None);
    let mut removed = 0;
    while let Some(object) = objects.try_next().await? {
        let kept = [Some(parameters.as_str()), Some(files), winner];
        if !kept.into_iter().flatten().any(|kept| is_below(&object.key, kept)) {
            context.objects.delete(&object.key).await?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Whether a key is `prefix` or lies below it.
fn is_below(key: &str, prefix: &str) -> bool {
    key.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
