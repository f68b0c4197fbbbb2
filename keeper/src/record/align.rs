//! Records that are behind their consumer: restored from a backup, or made anew.

use common::bus::{ConsumerPosition, FixedConsumer};

use crate::context::Context;
use crate::trouble::Trouble;

/// Compares the records with the consumer and sends the consumer back when what it acked is not recorded. Returns
/// whether it did.
pub(super) async fn align(
    context: &Context,
    consumer: FixedConsumer,
    standing: &ConsumerPosition,
) -> Result<bool, Trouble> {
    let stream = consumer.stream();
    let recorded = context.records.position(stream).await?;
    // Of another stream under the same name nothing is recorded.
    let recorded = recorded.filter(|known| known.stream_created == standing.stream_created);
    let (floor, high) = recorded.map_or((0, 0), |known| (known.floor, known.high));
    if high >= standing.ack_floor {
        return Ok(false);
    }
    tracing::warn!(
        stream,
        recorded = high,
        acked = standing.ack_floor,
        from = floor + 1,
        "the records are behind what was acked; recording again from there"
    );
    context.bus.rewind_consumer(consumer, floor + 1).await?;
    context.metrics.rewound(stream);
    Ok(true)
}
