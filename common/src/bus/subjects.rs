//! Every subject, stream and consumer name. Nobody else in the workspace spells one.

use crate::job::{JobEnvelope, JobId, Lane, Tenant};

/// The stream of events.
pub const JOB_EVENTS: &str = "JOB_EVENTS";
/// The stream of everything that waits.
pub const DELAYS: &str = "DELAYS";
/// The stream of deliveries that are due.
pub const WEBHOOKS: &str = "WEBHOOKS";
/// The stream of delivery snapshots.
pub const DELIVERIES: &str = "DELIVERIES";
/// The stream of jobs out of attempts.
pub const DEAD_JOBS: &str = "DEAD_JOBS";
/// The stream of counters.
pub const LIMITS: &str = "LIMITS";
/// The bucket of live configuration.
pub const CONFIG_BUCKET: &str = "config";
/// The bucket of worker presence.
pub const WORKERS_BUCKET: &str = "workers";

/// The longest model token: consumer names are limited to 255 characters by the broker.
pub const MAX_MODEL_TOKEN: usize = 200;

/// The stream of durable jobs of a capability.
pub fn jobs_stream(capability: &str) -> String {
    format!("JOBS_{capability}")
}

/// The stream of synchronous calls of a capability.
pub fn calls_stream(capability: &str) -> String {
    format!("CALLS_{capability}")
}

/// The stream that serves a lane.
pub fn lane_stream(capability: &str, lane: Lane) -> String {
    match lane {
        Lane::Interactive => calls_stream(capability),
        Lane::Normal | Lane::Bulk => jobs_stream(capability),
    }
}

/// A model's name as one subject token: letters, digits, `_` and `-` stand for themselves, every other byte is
/// `=` and two hex digits. [`unescape`] is the way back.
pub fn escape(name: &str) -> String {
    use std::fmt::Write as _;
    let mut token = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' {
            token.push(char::from(byte));
        } else {
            let _ = write!(token, "={byte:02X}");
        }
    }
    token
}

/// The name behind a token, or `None` when the token was not made by [`escape`].
pub fn unescape(token: &str) -> Option<String> {
    let name = decode(token)?;
    // Another spelling of the name would be another queue of the same model.
    (escape(&name) == token).then_some(name)
}

fn decode(token: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'=' {
            let hex = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(hex, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

/// Where the message of a job or call lies.
pub fn job(job: &JobEnvelope) -> String {
    let (capability, model) = (&job.capability, escape(&job.model));
    match job.lane {
        Lane::Interactive => format!("calls.{capability}.{model}.{}.{}", job.tenant, job.id),
        lane => format!("jobs.{capability}.{model}.{}.{}.{}", lane.as_str(), job.tenant, job.id),
    }
}

/// The first message of a queue of jobs. It has fewer tokens than any job's, so that no consumer takes it.
pub fn sentinel(capability: &str) -> String {
    format!("jobs.{capability}.sentinel")
}

/// What the consumer of a model and lane takes.
pub fn model_filter(capability: &str, model: &str, lane: Lane) -> String {
    let model = escape(model);
    match lane {
        Lane::Interactive => format!("calls.{capability}.{model}.>"),
        lane => format!("jobs.{capability}.{model}.{}.>", lane.as_str()),
    }
}

/// The durable consumer of a model and lane.
pub fn model_consumer(model: &str, lane: Lane) -> String {
    format!("{}-{}", lane.as_str(), escape(model))
}

/// The model and lane of a durable consumer's name.
pub fn parse_model_consumer(name: &str) -> Option<(String, Lane)> {
    let (lane, token) = name.split_once('-')?;
    let lane = match lane {
        "interactive" => Lane::Interactive,
        "normal" => Lane::Normal,
        "bulk" => Lane::Bulk,
        _ => return None,
    };
    Some((unescape(token)?, lane))
}

/// The capability, model and lane of a job, call or doorbell subject.
pub fn parse_work(subject: &str) -> Option<(String, String, Lane)> {
    let subject = subject.strip_prefix("bell.").unwrap_or(subject);
    let mut tokens = subject.split('.');
    let kind = tokens.next()?;
    let (capability, model) = (tokens.next()?, unescape(tokens.next()?)?);
    let lane = match (kind, tokens.next()?) {
        ("calls", _) => Lane::Interactive,
        ("jobs", "normal") => Lane::Normal,
        ("jobs", "bulk") => Lane::Bulk,
        _ => return None,
    };
    Some((capability.to_owned(), model, lane))
}

/// What rings when work for a capability arrives; a hint without content.
pub fn bell(capability: &str) -> String {
    format!("bell.*.{capability}.>")
}

/// The events of a job.
pub fn events(job: JobId) -> String {
    format!("events.{job}")
}

/// Where the broker repeats the events of a job after they are stored.
pub fn event_feed(job: JobId) -> String {
    format!("feed.events.{job}")
}

/// The progress of a job; not stored.
pub fn progress_feed(job: JobId) -> String {
    format!("feed.progress.{job}")
}

/// The schedule of whatever waits under this id.
pub fn delay_at(id: impl std::fmt::Display) -> String {
    format!("delays.at.{id}")
}

/// Where a job lies when its delay is due.
pub fn delay_due_job(job: JobId) -> String {
    format!("delays.due.jobs.{job}")
}

/// Where a delivery lies when its delay is due.
pub fn delay_due_delivery(id: impl std::fmt::Display) -> String {
    format!("delays.due.webhooks.{id}")
}

/// A delivery that is due.
pub fn webhook(tenant: &Tenant, delivery: impl std::fmt::Display) -> String {
    format!("webhooks.{tenant}.{delivery}")
}

/// The snapshot of a delivery.
pub fn delivery(tenant: &Tenant, delivery: impl std::fmt::Display) -> String {
    format!("deliveries.{tenant}.{delivery}")
}

/// A job out of attempts.
pub fn dead_job(capability: &str, job: JobId) -> String {
    format!("dead.{capability}.{job}")
}

/// A counter of a tenant in a window.
pub fn counter(tenant: &Tenant, what: &str, window: &str) -> String {
    format!("limits.{tenant}.{what}.{window}")
}

/// What a waiting gateway hears of a job.
pub fn reply(gateway: &str, job: JobId) -> String {
    format!("reply.{gateway}.{job}")
}

/// Everything that a waiting gateway hears.
pub fn replies(gateway: &str) -> String {
    format!("reply.{gateway}.*")
}

/// Notices to the worker that runs a job.
pub fn control(job: JobId) -> String {
    format!("control.{job}")
}

/// All such notices.
pub const CONTROLS: &str = "control.*";

/// Where a dispatcher asks a gateway to disable an endpoint.
pub const DISABLE_ENDPOINT: &str = "admin.endpoint.disable";

/// The last token of a subject, which names the job or delivery on most of them.
pub fn last_token(subject: &str) -> &str {
    subject.rsplit('.').next().unwrap_or(subject)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::SystemClock;
    use crate::job::testing::echo_job;

    #[test]
    fn any_model_name_is_one_token_and_comes_back() {
        for name in ["gpt-4o-mini", "meta/llama-3.1:8b", "a b>*.c", "größe", "=41", ""] {
            let token = escape(name);
            assert!(!token.contains(['.', ' ', '*', '>', '/']), "{token}");
            assert_eq!(unescape(&token).as_deref(), Some(name));
        }
        assert_eq!(unescape("=4"), None);
        assert_eq!(unescape("=ZZ"), None);
    }

    proptest! {
        /// Whatever stands for a name is one legal token, and only for this name.
        #[test]
        fn escaping_is_reversible_and_makes_legal_tokens(name in any::<String>()) {
            let token = escape(&name);
            prop_assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-=".contains(&b)));
            prop_assert_eq!(unescape(&token), Some(name));
        }

        /// A token that nobody here made names nothing: two tokens of one name would be two queues of one model.
        #[test]
        fn only_tokens_that_were_made_here_are_read(token in "([a-zA-Z0-9_=+. -]|=[0-9A-Fa-f+]{2}|\\PC){0,8}") {
            if let Some(name) = unescape(&token) {
                prop_assert_eq!(escape(&name), token);
            }
        }

        #[test]
        fn what_a_job_s_subject_says_is_read_back(model in "\\PC{1,40}", lane in 0_usize..3) {
            let lane = [Lane::Interactive, Lane::Normal, Lane::Bulk][lane];
            let envelope = JobEnvelope { model, lane, ..echo_job(&SystemClock) };
            let subject = job(&envelope);
            let expected = Some((envelope.capability.clone(), envelope.model.clone(), lane));
            prop_assert_eq!(parse_work(&subject), expected.clone());
            prop_assert_eq!(parse_work(&format!("bell.{subject}")), expected);
            prop_assert_eq!(last_token(&subject), envelope.id.to_string());
            let consumer = model_consumer(&envelope.model, lane);
            prop_assert_eq!(parse_model_consumer(&consumer), Some((envelope.model, lane)));
        }
    }

    #[test]
    fn consumers_and_bells_name_their_model_and_lane() {
        let name = model_consumer("qwen/2.5-7b", Lane::Bulk);
        assert_eq!(parse_model_consumer(&name), Some(("qwen/2.5-7b".into(), Lane::Bulk)));
        let bell = "bell.calls.llm.qwen=2F2=2E5-7b.acme.0190";
        assert_eq!(parse_work(bell), Some(("llm".into(), "qwen/2.5-7b".into(), Lane::Interactive)));
        assert_eq!(parse_work("bell.jobs.llm.m.urgent.acme.1"), None);
    }
}
