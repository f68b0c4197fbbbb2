//! The headers of our messages and how they are read. Nobody else spells one.

use async_nats::HeaderMap;

use crate::job::JobEvent;

/// The event's type, for example `job.succeeded`.
pub const TYPE: &str = "Millrace-Type";
/// The owner.
pub const TENANT: &str = "Millrace-Tenant";
/// Present when the job has a webhook of its own.
pub const WEBHOOK: &str = "Millrace-Webhook";
/// Present when no webhook may follow from the event.
pub const SILENT: &str = "Millrace-Silent";
/// Sequence of the event that a job message follows.
pub const EVENT_SEQUENCE: &str = "Millrace-Event-Sequence";
/// Version of the event that a job message follows: a message of an older version than the event's is stale.
pub const EVENT_VERSION: &str = "Millrace-Event-Version";
/// Message id that a due delay is published under.
pub const DESTINATION_ID: &str = "Millrace-Destination-Id";
/// The run that a reply comes from.
pub const RUN: &str = "Millrace-Run";
/// Position of a reply among the replies of its run, from 0.
pub const SEQUENCE: &str = "Millrace-Sequence";
/// What a reply is.
pub const KIND: &str = "Millrace-Kind";
/// Media type of a reply's body.
pub const CONTENT_TYPE: &str = "Millrace-Content-Type";
/// W3C trace context.
pub const TRACEPARENT: &str = "traceparent";

/// The headers of an event.
pub(super) fn of_event(event: &JobEvent) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(TYPE, event.kind.as_str());
    headers.insert(TENANT, event.job.tenant.as_str());
    if event.job.webhook.is_some() {
        headers.insert(WEBHOOK, "1");
    }
    let refused =
        event.error.as_ref().is_some_and(|e| e.code == crate::error_code::ErrorCode::Refused);
    // A call answers its caller and nobody else; a refused job was answered with the refusal.
    if event.job.lane == crate::job::Lane::Interactive || refused {
        headers.insert(SILENT, "1");
    }
    add_trace(&mut headers);
    headers
}

/// Adds the current span's trace context.
pub(super) fn add_trace(headers: &mut HeaderMap) {
    if let Some(parent) = crate::telemetry::traceparent() {
        headers.insert(TRACEPARENT, parent);
    }
}

/// The text of a header.
pub fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(async_nats::HeaderValue::as_str)
}

/// The number in a header.
pub fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name)?.parse().ok()
}
