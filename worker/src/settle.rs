//! Telling the broker that a delivery is done with, or given back.

use common::bus::BusError;

/// A settlement that is not sent is made up for by redelivery.
pub(crate) fn settle(sent: Result<(), BusError>) {
    if let Err(error) = sent {
        tracing::warn!(%error, "a delivery was not settled; it will come again");
    }
}
