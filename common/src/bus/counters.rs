//! Exact counters shared by all gateways. The window is part of the subject; ended windows are purged.

use std::time::Duration;

use async_nats::jetstream::message::PublishMessage;

use super::publish::publish;
use super::{Bus, BusError, PublishError, bounded, subjects};
use crate::job::Tenant;

impl Bus {
    /// Adds `by` to a tenant's counter in a window and returns the new total. A counter takes neither a message id
    /// nor a swap, so an unanswered try is not repeated: a total may be too high by what was asked, never too low.
    pub async fn count(
        &self,
        tenant: &Tenant,
        what: &str,
        window: &str,
        by: i64,
    ) -> Result<i64, PublishError> {
        let message = PublishMessage::build().header("Nats-Incr", format!("{by:+}").as_str());
        let subject = subjects::counter(tenant, what, window);
        let ack = publish(&self.jetstream, &subject, &message, Duration::from_millis(1400)).await?;
        ack.value.as_deref().and_then(|value| value.parse().ok()).ok_or_else(|| {
            PublishError::Unavailable("the counter stream did not answer a total".to_owned())
        })
    }

    /// Removes the counters of windows for which `ended` says so. Returns how many.
    pub async fn purge_counter_windows(
        &self,
        ended: impl Fn(&str, &str) -> bool,
    ) -> Result<usize, BusError> {
        use futures::TryStreamExt;

        let stream = self.stream(subjects::LIMITS).await?;
        let listing = bounded(stream.info_with_subjects("limits.>")).await?;
        let all: Vec<(String, usize)> = bounded(listing.try_collect()).await?;
        let mut purged = 0;
        for (subject, _) in all {
            let mut tokens = subject.rsplit('.');
            let (Some(window), Some(what)) = (tokens.next(), tokens.next()) else { continue };
            if ended(what, window) {
                bounded(async { stream.purge().filter(&subject).await }).await?;
                purged += 1;
            }
        }
        Ok(purged)
    }
}
