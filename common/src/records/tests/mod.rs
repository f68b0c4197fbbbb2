//! Every story on real SQLite and real PostgreSQL.

mod concurrency;
mod deliveries;
mod jobs;
mod lists;
mod recovery;
mod upkeep;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Position, Records, testing};
use crate::clock::{Clock, ManualClock, Timestamp};
use crate::job::{JobEnvelope, JobEvent, JobId, JobResult, Lane, Outcome, Run, RunId, Tenant};

/// Runs a story on both engines.
async fn on_both(story: impl AsyncFn(Records)) {
    let (sqlite, _folder) = testing::sqlite().await;
    story(sqlite).await;
    story(testing::postgres().await).await;
}

fn clock() -> ManualClock {
    ManualClock::new(Timestamp::from_micros(1_700_000_000_000_000))
}

fn tenant(name: &str) -> Tenant {
    name.parse().unwrap()
}

fn at(position: u64) -> Position {
    Position {
        stream: "JOB_EVENTS".to_owned(),
        stream_created: Timestamp::from_micros(1),
        floor: 0,
        high: position,
    }
}

fn submitted(clock: &ManualClock) -> JobEvent {
    submitted_by("acme", clock, |_| {})
}

fn submitted_by(owner: &str, clock: &ManualClock, change: impl Fn(&mut JobEnvelope)) -> JobEvent {
    let input = serde_json::value::RawValue::from_string(r#"{"text":  "hello"}"#.to_owned());
    let mut job = JobEnvelope {
        v: 1,
        id: JobId::new(clock),
        tenant: tenant(owner),
        operation: "echo".to_owned(),
        capability: "diagnostic".to_owned(),
        model: "diagnostic".to_owned(),
        lane: Lane::Normal,
        max_attempts: 3,
        created_at: clock.now(),
        run_at: None,
        deadline: None,
        input: Some(Arc::from(input.unwrap())),
        input_object: None,
        files: Vec::new(),
        webhook: None,
        metadata: BTreeMap::new(),
        retry_of: None,
        fingerprint: None,
        reply_to: None,
        stream: false,
    };
    change(&mut job);
    JobEvent::submitted(Arc::new(job), clock)
}

fn started(event: &JobEvent, clock: &ManualClock) -> JobEvent {
    let run = Run { id: RunId::new(clock), worker_id: "w1".to_owned() };
    event.started(&run, clock).unwrap()
}

fn succeeded(event: &JobEvent, clock: &ManualClock) -> JobEvent {
    let inline = serde_json::value::RawValue::from_string("\"done\"".to_owned()).unwrap();
    let result = JobResult {
        content_type: "application/json".to_owned(),
        bytes: 6,
        inline: Some(Arc::from(inline)),
        key: None,
    };
    let outcome = Outcome::Succeeded {
        result: Some(result),
        artifacts: Vec::new(),
        usage: None,
        load_ms: None,
    };
    event.finished(outcome, None, Duration::from_hours(24), clock).unwrap()
}
