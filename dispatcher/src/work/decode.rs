//! Reading a message.

use common::bus::Pulled;
use common::webhook::Delivery;

use super::{AWAY_PAUSE, Leave};

/// Reads a message. A delivery of a newer program is left to one.
pub(super) fn decode(pulled: &Pulled) -> Result<Delivery, Leave> {
    match serde_json::from_slice::<Delivery>(pulled.payload()) {
        Ok(delivery) if delivery.v <= Delivery::VERSION => Ok(delivery),
        Ok(delivery) => {
            tracing::warn!(v = delivery.v, "a delivery has a newer format than this program reads");
            Err(Leave::GiveBack(Some(AWAY_PAUSE)))
        }
        Err(error) => {
            let sequence = pulled.stream_sequence;
            tracing::error!(subject = pulled.subject(), sequence, %error, "not a delivery; dropped");
            Err(Leave::Drop)
        }
    }
}
