//! The consumers that are there from the start, each with a file of its own.

use async_nats::jetstream::consumer::pull;

use super::files::parse_consumer;
use crate::bus::{BusError, subjects};

/// The consumers that exist once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FixedConsumer {
    /// Events into SQL.
    Record,
    /// Delivery snapshots into SQL.
    RecordDeliveries,
    /// Terminal events into deliveries; headers only.
    Outbox,
    /// Due delays into JOBS.
    PumpJobs,
    /// Due delays into WEBHOOKS.
    PumpWebhooks,
    /// Due deliveries to dispatchers.
    Deliver,
}

impl FixedConsumer {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Record,
        Self::RecordDeliveries,
        Self::Outbox,
        Self::PumpJobs,
        Self::PumpWebhooks,
        Self::Deliver,
    ];

    /// The stream that it takes from.
    pub const fn stream(self) -> &'static str {
        match self {
            Self::Record | Self::Outbox => subjects::JOB_EVENTS,
            Self::RecordDeliveries => subjects::DELIVERIES,
            Self::PumpJobs | Self::PumpWebhooks => subjects::DELAYS,
            Self::Deliver => subjects::WEBHOOKS,
        }
    }

    /// Its durable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::RecordDeliveries => "record_deliveries",
            Self::Outbox => "outbox",
            Self::PumpJobs => "pump_jobs",
            Self::PumpWebhooks => "pump_webhooks",
            Self::Deliver => "deliver",
        }
    }

    /// What its file says.
    pub(in crate::bus) fn config(self) -> Result<pull::Config, BusError> {
        parse_consumer(match self {
            Self::Record => include_str!("../../../../nats/consumers/record.json"),
            Self::RecordDeliveries => {
                include_str!("../../../../nats/consumers/record_deliveries.json")
            }
            Self::Outbox => include_str!("../../../../nats/consumers/outbox.json"),
            Self::PumpJobs => include_str!("../../../../nats/consumers/pump_jobs.json"),
            Self::PumpWebhooks => include_str!("../../../../nats/consumers/pump_webhooks.json"),
            Self::Deliver => include_str!("../../../../nats/consumers/deliver.json"),
        })
    }
}
