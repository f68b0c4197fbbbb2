//! Snapshots of deliveries.

use common::bus::{FixedConsumer, Pulled};
use common::clock::Timestamp;
use common::records::{Position, Records, RecordsError};
use common::webhook::DeliveryEvent;

use super::Recorded;

/// DELIVERIES.
pub(crate) enum Deliveries {}

impl Recorded for Deliveries {
    type Item = DeliveryEvent;
    const DUTY: &'static str = "record_deliveries";
    const CONSUMER: FixedConsumer = FixedConsumer::RecordDeliveries;

    fn decode(pulled: &Pulled) -> Result<DeliveryEvent, String> {
        serde_json::from_slice(pulled.payload()).map_err(|error| error.to_string())
    }

    async fn apply(
        records: &Records,
        position: &Position,
        items: &[DeliveryEvent],
        now: Timestamp,
    ) -> Result<(), RecordsError> {
        records.apply_deliveries(position, items, now).await
    }
}
