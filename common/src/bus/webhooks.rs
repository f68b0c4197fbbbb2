//! Deliveries that are due, and the snapshots of all deliveries.

use std::time::Duration;

use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;
use serde::Serialize;

use super::last::last_message;
use super::publish::{Refusal, publish};
use super::{Bus, BusError, PublishError, headers, subjects};
use crate::job::Tenant;
use crate::webhook::{Delivery, DeliveryEvent, DeliveryId};

impl Bus {
    /// Publishes a delivery that is due now; the same attempt of the same delivery is taken once.
    pub async fn publish_delivery(
        &self,
        delivery: &Delivery,
        patience: Duration,
    ) -> Result<(), PublishError> {
        let message =
            delivery_message(delivery)?.message_id(format!("{}:{}", delivery.id, delivery.attempt));
        let subject = subjects::webhook(&delivery.tenant, delivery.id);
        publish(&self.jetstream, &subject, &message, patience).await.map(drop).map_err(Into::into)
    }

    /// Publishes a delivery again although the broker may remember its message id: for a retry by hand.
    pub async fn republish_delivery(
        &self,
        delivery: &Delivery,
        patience: Duration,
    ) -> Result<(), PublishError> {
        let subject = subjects::webhook(&delivery.tenant, delivery.id);
        publish(&self.jetstream, &subject, &delivery_message(delivery)?, patience)
            .await
            .map(drop)
            .map_err(Into::into)
    }

    /// Stores the snapshot of a delivery; it replaces the one before. Returns its stream sequence.
    pub async fn publish_delivery_event(
        &self,
        event: &DeliveryEvent,
        patience: Duration,
    ) -> Result<u64, PublishError> {
        let mut map = async_nats::HeaderMap::new();
        map.insert(headers::TENANT, event.tenant.as_str());
        let message = PublishMessage::build().payload(encode(event)?).headers(map);
        let subject = subjects::delivery(&event.tenant, event.id);
        let ack = publish(&self.jetstream, &subject, &message, patience).await?;
        Ok(ack.sequence)
    }

    /// Stores the first snapshot of a delivery; `false` when there is a snapshot already, which then stands.
    pub async fn create_delivery_event(
        &self,
        event: &DeliveryEvent,
        patience: Duration,
    ) -> Result<bool, PublishError> {
        let mut map = async_nats::HeaderMap::new();
        map.insert(headers::TENANT, event.tenant.as_str());
        map.insert(async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, "0");
        let message = PublishMessage::build().payload(encode(event)?).headers(map);
        let subject = subjects::delivery(&event.tenant, event.id);
        match publish(&self.jetstream, &subject, &message, patience).await {
            Ok(_) => Ok(true),
            // Perhaps our own, stored by a try whose ack was lost: it is the same snapshot.
            Err(Refusal::WrongSequence) => Ok(false),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// The last snapshot of a delivery, from the leader.
    pub async fn last_delivery_event(
        &self,
        tenant: &Tenant,
        id: DeliveryId,
    ) -> Result<Option<DeliveryEvent>, BusError> {
        let stream = self.stream(subjects::DELIVERIES).await?;
        let subject = subjects::delivery(tenant, id);
        let Some(message) = last_message(&stream, &subject).await? else { return Ok(None) };
        serde_json::from_slice(&message.payload)
            .map(Some)
            .map_err(|error| BusError::Undecodable { subject, reason: error.to_string() })
    }
}

pub(super) fn delivery_message(delivery: &Delivery) -> Result<PublishMessage, PublishError> {
    let mut map = async_nats::HeaderMap::new();
    headers::add_trace(&mut map);
    Ok(PublishMessage::build().payload(encode(delivery)?).headers(map))
}

fn encode(value: &impl Serialize) -> Result<Bytes, PublishError> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|error| {
        PublishError::Unavailable(format!("a delivery can not be encoded: {error}"))
    })
}
