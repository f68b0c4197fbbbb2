//! Events of jobs.

use common::bus::{FixedConsumer, Pulled, StoredEvent};
use common::clock::Timestamp;
use common::job::JobEvent;
use common::records::{Position, Records, RecordsError};

use super::Recorded;

/// JOB_EVENTS.
pub(crate) enum Events {}

impl Recorded for Events {
    type Item = JobEvent;
    const DUTY: &'static str = "record_events";
    const CONSUMER: FixedConsumer = FixedConsumer::Record;

    fn decode(pulled: &Pulled) -> Result<JobEvent, String> {
        StoredEvent::decode(pulled.subject(), pulled.stream_sequence, pulled.payload())
            .map(|stored| stored.event)
            .map_err(|error| error.to_string())
    }

    async fn apply(
        records: &Records,
        position: &Position,
        items: &[JobEvent],
        now: Timestamp,
    ) -> Result<(), RecordsError> {
        records.apply_events(position, items, now).await
    }
}
