//! What the files in `nats/` say, with what the operator sets. They are compiled in.

use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::stream::Config;

use crate::bus::{BusError, StreamLimits, subjects};
use crate::job::Lane;
use crate::operation::Operation;

const JOBS: &str = include_str!("../../../../nats/streams/jobs.json");
const CALLS: &str = include_str!("../../../../nats/streams/calls.json");
const JOB_EVENTS: &str = include_str!("../../../../nats/streams/job_events.json");
const DELAYS: &str = include_str!("../../../../nats/streams/delays.json");
const WEBHOOKS: &str = include_str!("../../../../nats/streams/webhooks.json");
const DELIVERIES: &str = include_str!("../../../../nats/streams/deliveries.json");
const DEAD_JOBS: &str = include_str!("../../../../nats/streams/dead_jobs.json");
const LIMITS: &str = include_str!("../../../../nats/streams/limits.json");
const MODEL_CONSUMER: &str = include_str!("../../../../nats/consumers/model.json");

/// Every stream that must be there.
pub(super) fn stream_configs(
    limits: StreamLimits,
    replicas: usize,
) -> Result<Vec<Config>, BusError> {
    let mut configs = Vec::new();
    for capability in Operation::capabilities() {
        let mut jobs = parse_stream(&JOBS.replace("{capability}", capability))?;
        // The sentinel takes no job's room.
        jobs.max_messages = limits.jobs_messages.saturating_add(1);
        jobs.max_bytes = limits.jobs_bytes;
        configs.push(jobs);
        let mut calls = parse_stream(&CALLS.replace("{capability}", capability))?;
        calls.max_bytes = limits.calls_bytes;
        configs.push(calls);
    }
    let mut events = parse_stream(JOB_EVENTS)?;
    events.max_bytes = limits.events_bytes;
    configs.push(events);
    let mut webhooks = parse_stream(WEBHOOKS)?;
    webhooks.max_bytes = limits.webhooks_bytes;
    configs.push(webhooks);
    for text in [DELAYS, DELIVERIES, DEAD_JOBS, LIMITS] {
        configs.push(parse_stream(text)?);
    }
    for config in &mut configs {
        config.num_replicas = replicas;
    }
    Ok(configs)
}

/// The consumer of a model in a lane.
pub(super) fn model_consumer(
    capability: &str,
    model: &str,
    lane: Lane,
) -> Result<pull::Config, BusError> {
    let text = MODEL_CONSUMER
        .replace("{lane}-{model}", &subjects::model_consumer(model, lane))
        .replace("{filter}", &subjects::model_filter(capability, model, lane));
    parse_consumer(&text)
}

/// Reads a consumer file.
pub(super) fn parse_consumer(text: &str) -> Result<pull::Config, BusError> {
    serde_json::from_str(text)
        .map_err(|error| BusError::Unsuitable(format!("a consumer file is broken: {error}")))
}

fn parse_stream(text: &str) -> Result<Config, BusError> {
    serde_json::from_str(text)
        .map_err(|error| BusError::Unsuitable(format!("a stream file is broken: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::FixedConsumer;

    #[test]
    fn every_file_is_what_the_library_reads() {
        for text in [JOBS, CALLS, JOB_EVENTS, DELAYS, WEBHOOKS, DELIVERIES, DEAD_JOBS, LIMITS] {
            parse_stream(text).unwrap();
        }
        for consumer in FixedConsumer::ALL {
            consumer.config().unwrap();
        }
        let config = model_consumer("llm", "a/b:c", Lane::Bulk).unwrap();
        assert_eq!(config.durable_name.as_deref(), Some("bulk-a=2Fb=3Ac"));
        assert_eq!(config.filter_subject, "jobs.llm.a=2Fb=3Ac.bulk.>");
    }

    #[test]
    fn an_event_takes_the_place_of_the_one_before() {
        let events = parse_stream(JOB_EVENTS).unwrap();
        // With a limit per subject the older event goes; a roll-up would make the broker count every subject anew
        // for each consumer, at each job's end.
        assert_eq!(events.max_messages_per_subject, 1);
        assert!(!events.discard_new_per_subject && !events.allow_rollup);
    }

    #[test]
    fn delays_have_no_limit_that_drops() {
        let delays = parse_stream(DELAYS).unwrap();
        assert!(delays.max_messages <= 0 && delays.max_bytes <= 0 && delays.max_age.is_zero());
        assert!(delays.max_messages_per_subject <= 0);
    }
}
