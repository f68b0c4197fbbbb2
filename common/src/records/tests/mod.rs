//! Every story on real SQLite and real PostgreSQL.

mod concurrency;
mod deliveries;
mod jobs;
mod lists;
mod recovery;
mod upkeep;

use std::sync::Arc;
use std::time::Duration;

use super::{Position, Records, testing};
use crate::clock::{Clock, ManualClock, Timestamp};
use crate::job::testing::{echo_job, json, success};
use crate::job::{JobEnvelope, JobEvent, JobId, Lane, Run, RunId, Tenant};

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
    let mut job = JobEnvelope {
        tenant: tenant(owner),
        operation: "echo".to_owned(),
        input: Some(json(r#"{"text":  "hello"}"#)),
        ..echo_job(clock)
    };
    change(&mut job);
    JobEvent::submitted(Arc::new(job), clock)
}

fn started(event: &JobEvent, clock: &ManualClock) -> JobEvent {
    let run = Run { id: RunId::new(clock), worker_id: "w1".to_owned() };
    event.started(&run, clock).unwrap()
}

fn succeeded(event: &JobEvent, clock: &ManualClock) -> JobEvent {
    event.finished(success("\"done\""), None, Duration::from_hours(24), clock).unwrap()
}
