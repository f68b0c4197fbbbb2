//! Streams, buckets and fixed consumers: made from the files in `nats/`, compared with what is there.
//!
//! Run at start, after every reconnect and whenever a stream is not found: a memory stream is gone after a restart
//! of its server.

use std::time::Duration;

use async_nats::jetstream::consumer::{FromConsumer as _, pull};
use async_nats::jetstream::stream::{Config, StorageType, Stream};
use async_nats::jetstream::{self, ErrorCode, kv};
use tokio_util::sync::CancellationToken;

use super::subjects::{CONFIG_BUCKET, WORKERS_BUCKET};
use super::{Bus, BusError, FixedConsumer, bounded, subjects};
use crate::job::Lane;
use crate::operation::Operation;

const JOBS: &str = include_str!("../../../nats/streams/jobs.json");
const CALLS: &str = include_str!("../../../nats/streams/calls.json");
const JOB_EVENTS: &str = include_str!("../../../nats/streams/job_events.json");
const DELAYS: &str = include_str!("../../../nats/streams/delays.json");
const WEBHOOKS: &str = include_str!("../../../nats/streams/webhooks.json");
const DELIVERIES: &str = include_str!("../../../nats/streams/deliveries.json");
const DEAD_JOBS: &str = include_str!("../../../nats/streams/dead_jobs.json");
const LIMITS: &str = include_str!("../../../nats/streams/limits.json");
const MODEL_CONSUMER: &str = include_str!("../../../nats/consumers/model.json");

/// How long a presence outlives its last beat.
pub const PRESENCE_TTL: Duration = Duration::from_secs(15);

impl Bus {
    /// Makes what is missing and checks what is there. Safe to repeat and to run in several processes at once.
    pub async fn ensure_topology(&self) -> Result<(), BusError> {
        // Calls lose their consumers together with their memory stream. They are forgotten before a stream is made anew
        // and once more afterwards: whoever asks after a publish then makes them again.
        self.forget_all_model_consumers();
        for wanted in self.stream_configs()? {
            self.ensure_stream(wanted).await?;
        }
        self.ensure_bucket(kv::Config {
            bucket: CONFIG_BUCKET.to_owned(),
            description: "Live configuration.".to_owned(),
            history: 10,
            storage: StorageType::File,
            num_replicas: self.replicas,
            ..kv::Config::default()
        })
        .await?;
        self.ensure_bucket(kv::Config {
            bucket: WORKERS_BUCKET.to_owned(),
            description: "Presence of workers.".to_owned(),
            history: 1,
            max_age: PRESENCE_TTL,
            storage: StorageType::Memory,
            num_replicas: self.replicas,
            ..kv::Config::default()
        })
        .await?;
        for consumer in FixedConsumer::ALL {
            let mut config = consumer.config()?;
            config.ack_wait = self.ack_wait;
            let stream = self.stream(consumer.stream()).await?;
            ensure_consumer(&stream, config).await?;
        }
        self.forget_all_model_consumers();
        Ok(())
    }

    /// Compares what is there with what must be, and makes nothing. Returns the streams that are missing.
    pub async fn inspect_topology(&self) -> Result<Vec<String>, BusError> {
        let mut missing = Vec::new();
        for wanted in self.stream_configs()? {
            match self.jetstream.get_stream(&wanted.name).await {
                Ok(stream) => compare(&wanted, &stream.cached_info().config)?,
                Err(error) if is_not_found(&error) => missing.push(wanted.name),
                Err(error) => return Err(BusError::unavailable(error)),
            }
        }
        Ok(missing)
    }

    /// How many copies of every event there are.
    pub async fn event_replicas(&self) -> Result<usize, BusError> {
        let stream = self.stream(subjects::JOB_EVENTS).await?;
        Ok(bounded(stream.get_info()).await?.config.num_replicas)
    }

    /// How far this machine's clock and the broker's are apart, by the time that the broker stamps.
    pub async fn clock_skew(&self) -> Result<Duration, BusError> {
        let question = format!("STREAM.INFO.{}", subjects::JOB_EVENTS);
        let before = self.clock.now();
        let answer: serde_json::Value =
            bounded(self.jetstream.request(question, &serde_json::json!({}))).await?;
        let stamped = answer["ts"]
            .as_str()
            .and_then(|text| crate::clock::Timestamp::parse(text).ok())
            .ok_or_else(|| BusError::unavailable("the server does not tell its time"))?;
        let after = self.clock.now();
        // Somewhere between asking and hearing: only what lies outside of it is a difference.
        Ok(before.since(stamped).max(stamped.since(after)))
    }

    fn forget_all_model_consumers(&self) {
        self.ensured.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
    }

    /// Keeps the topology in place until `stop`: makes it anew after every reconnect and whenever a publish found no
    /// stream. Run by the roles that may make streams.
    pub async fn keep_topology(&self, stop: &CancellationToken) {
        let mut connection = self.connection();
        let mut seen = connection.borrow().reconnects;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                changed = connection.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let now = *connection.borrow_and_update();
                    if !now.connected || now.reconnects == seen {
                        continue;
                    }
                    seen = now.reconnects;
                }
                () = self.missing_part.notified() => {}
            }
            while let Err(error) = self.ensure_topology().await {
                tracing::warn!(%error, "the topology can not be made yet");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(Duration::from_millis(500)) => {}
                }
            }
        }
    }

    /// Makes the consumers of a model in every lane. Asks the broker once per process and model.
    pub async fn ensure_model_consumers(
        &self,
        capability: &str,
        model: &str,
    ) -> Result<(), BusError> {
        self.ensure_lane_consumers(capability, model, Lane::Normal).await?;
        self.ensure_lane_consumers(capability, model, Lane::Interactive).await
    }

    /// Makes the consumers of a model in the lanes that share a stream with `lane`: that of calls, or those of durable
    /// jobs. Either stream may be away without the other.
    pub async fn ensure_lane_consumers(
        &self,
        capability: &str,
        model: &str,
        lane: Lane,
    ) -> Result<(), BusError> {
        let key = (subjects::lane_stream(capability, lane), model.to_owned());
        let known = |bus: &Self| {
            bus.ensured.lock().unwrap_or_else(std::sync::PoisonError::into_inner).contains(&key)
        };
        if known(self) {
            return Ok(());
        }
        // Boxed: it is large and seldom, and every submit carries it.
        Box::pin(self.make_lane_consumers(capability, model, lane)).await?;
        self.ensured.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(key);
        Ok(())
    }

    async fn make_lane_consumers(
        &self,
        capability: &str,
        model: &str,
        lane: Lane,
    ) -> Result<(), BusError> {
        let stream = self.stream(&subjects::lane_stream(capability, lane)).await?;
        let lanes: &[Lane] =
            if lane == Lane::Interactive { &[Lane::Interactive] } else { &Lane::DURABLE };
        for &lane in lanes {
            let mut config = model_consumer(capability, model, lane)?;
            config.ack_wait = self.ack_wait;
            ensure_consumer(&stream, config).await?;
        }
        Ok(())
    }

    /// Forgets that the consumers of a model were made, so that the next publish asks again.
    pub fn forget_model_consumers(&self, capability: &str, model: &str) {
        let mut ensured = self.ensured.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for lane in [Lane::Normal, Lane::Interactive] {
            ensured.remove(&(subjects::lane_stream(capability, lane), model.to_owned()));
        }
    }

    fn stream_configs(&self) -> Result<Vec<Config>, BusError> {
        let limits = self.limits;
        let mut configs = Vec::new();
        for capability in Operation::capabilities() {
            let mut jobs = parse_stream(&JOBS.replace("{capability}", capability))?;
            jobs.max_messages = limits.jobs_messages;
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
            config.num_replicas = self.replicas;
        }
        Ok(configs)
    }

    async fn ensure_stream(&self, wanted: Config) -> Result<(), BusError> {
        let name = wanted.name.clone();
        match self.jetstream.get_stream(&name).await {
            Ok(stream) => return compare(&wanted, &stream.cached_info().config),
            Err(error) if is_not_found(&error) => {}
            Err(error) => return Err(BusError::unavailable(error)),
        }
        match self.jetstream.create_stream(wanted.clone()).await {
            Ok(_) => {
                tracing::info!(stream = name, "made the stream");
                Ok(())
            }
            // Another process was faster; what it made is compared.
            Err(error) => match self.jetstream.get_stream(&name).await {
                Ok(stream) => compare(&wanted, &stream.cached_info().config),
                Err(_) => Err(BusError::Unavailable(format!(
                    "the stream {name} can not be made: {error}"
                ))),
            },
        }
    }

    async fn ensure_bucket(&self, config: kv::Config) -> Result<(), BusError> {
        let bucket = config.bucket.clone();
        if self.jetstream.get_key_value(&bucket).await.is_ok() {
            return Ok(());
        }
        match self.jetstream.create_key_value(config).await {
            Ok(_) => Ok(()),
            Err(error) => match self.jetstream.get_key_value(&bucket).await {
                Ok(_) => Ok(()),
                Err(_) => Err(BusError::Unavailable(format!(
                    "the bucket {bucket} can not be made: {error}"
                ))),
            },
        }
    }
}

/// Makes a consumer that is missing. One that is there keeps its place and gets the ack wait that is wanted now.
async fn ensure_consumer(stream: &Stream<()>, wanted: pull::Config) -> Result<(), BusError> {
    let (name, ack_wait) = (wanted.durable_name.clone().unwrap_or_default(), wanted.ack_wait);
    let consumer = bounded(stream.get_or_create_consumer(&name, wanted)).await?;
    let found = &consumer.cached_info().config;
    if found.ack_wait == ack_wait {
        return Ok(());
    }
    let found =
        pull::Config::try_from_consumer_config(found.clone()).map_err(BusError::unavailable)?;
    bounded(stream.update_consumer(pull::Config { ack_wait, ..found })).await.map(drop)
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

fn is_not_found(error: &jetstream::context::GetStreamError) -> bool {
    matches!(
        error.kind(),
        jetstream::context::GetStreamErrorKind::JetStream(error)
            if error.error_code() == ErrorCode::STREAM_NOT_FOUND
    )
}

/// How many messages a subject may have; the broker writes no limit as -1, the files as 0.
fn per_subject(config: &Config) -> i64 {
    config.max_messages_per_subject.max(0)
}

/// Differences that change what the stream promises are conflicts. Sizes and copies are the operator's.
fn compare(wanted: &Config, found: &Config) -> Result<(), BusError> {
    fn debug(value: &impl std::fmt::Debug) -> String {
        format!("{value:?}")
    }
    let checks = [
        ("retention", debug(&wanted.retention), debug(&found.retention)),
        ("storage", debug(&wanted.storage), debug(&found.storage)),
        ("subjects", debug(&wanted.subjects), debug(&found.subjects)),
        ("discard", debug(&wanted.discard), debug(&found.discard)),
        (
            "discard_new_per_subject",
            debug(&wanted.discard_new_per_subject),
            debug(&found.discard_new_per_subject),
        ),
        ("max_msgs_per_subject", debug(&per_subject(wanted)), debug(&per_subject(found))),
        ("allow_msg_ttl", debug(&wanted.allow_message_ttl), debug(&found.allow_message_ttl)),
        (
            "allow_msg_schedules",
            debug(&wanted.allow_message_schedules),
            debug(&found.allow_message_schedules),
        ),
        (
            "allow_msg_counter",
            debug(&wanted.allow_message_counter),
            debug(&found.allow_message_counter),
        ),
        ("max_age", debug(&wanted.max_age), debug(&found.max_age)),
        (
            "republish",
            debug(&wanted.republish.as_ref().map(|r| (&r.source, &r.destination))),
            debug(&found.republish.as_ref().map(|r| (&r.source, &r.destination))),
        ),
    ];
    for (setting, wanted_value, found_value) in checks {
        if wanted_value != found_value {
            return Err(BusError::Conflict {
                stream: wanted.name.clone(),
                setting,
                found: found_value,
                wanted: wanted_value,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_conflict_names_stream_and_setting() {
        let wanted = parse_stream(JOB_EVENTS).unwrap();
        let found = Config { storage: StorageType::Memory, ..wanted.clone() };
        let error = compare(&wanted, &found).unwrap_err().to_string();
        assert!(error.contains("JOB_EVENTS") && error.contains("storage"), "{error}");
        let resized = Config { max_bytes: 1, num_replicas: 3, ..wanted.clone() };
        assert!(compare(&wanted, &resized).is_ok());
    }
}
