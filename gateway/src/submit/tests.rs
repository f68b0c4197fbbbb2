//! What is answered when somebody else was faster, or the broker's answer was late.

use std::time::Duration;

use common::bus::testing::NatsServer;
use common::bus::{Bus, BusOptions, StreamLimits};
use common::clock::SystemClock;
use common::error_code::ErrorCode;
use common::job::{JobEnvelope, JobError, JobEvent, JobId, Lane, Outcome};

use super::*;
use crate::testing::TestGateway;

const PATIENCE: Duration = Duration::from_secs(2);

fn echo(id: JobId) -> SubmitRequest {
    let input = bytes::Bytes::from_static(b"{}");
    let tenant = "acme".parse().unwrap();
    SubmitRequest { id: Some(id), ..SubmitRequest::new(tenant, "diagnostic.echo", input) }
}

/// A job of this id as it is submitted by somebody else.
async fn submitted(gateway: &TestGateway, id: JobId, lane: Lane) -> JobEvent {
    let template = submit(&gateway.state, echo(JobId::new(&SystemClock))).await.unwrap().job;
    JobEvent::submitted(
        JobEnvelope { id, lane, ..JobEnvelope::clone(&template) }.into(),
        &SystemClock,
    )
}

async fn ends(gateway: &TestGateway, event: &JobEvent, outcome: Outcome) {
    let bus = &gateway.parts.bus;
    let end = event.finished(outcome, None, bus.events().retention(), &SystemClock).unwrap();
    bus.events().create(&end, PATIENCE).await.unwrap();
}

/// Two requests with one key: the other one was refused while this one was on its way.
#[tokio::test]
async fn a_job_that_was_refused_is_accepted_for_nobody() {
    let gateway = TestGateway::start().await;
    let id = JobId::new(&SystemClock);
    let theirs = submitted(&gateway, id, Lane::Normal).await;
    let refused = JobError::retryable(ErrorCode::Refused, "The queue did not take the job.");
    ends(&gateway, &theirs, Outcome::Failed(refused)).await;
    let outcome = submit(&gateway.state, echo(id)).await.map(|submitted| submitted.job.id);
    assert!(matches!(outcome, Err(Error::Full)), "{outcome:?}");
}

/// The event stands, the queue is full: nobody may be told that the job is accepted.
#[tokio::test]
async fn a_repeated_request_whose_message_is_not_taken_is_not_accepted() {
    let nats = NatsServer::start().await;
    let options = nats.options("operator");
    let limits = StreamLimits { jobs_messages: 1, ..options.limits };
    let small = Bus::connect(BusOptions { limits, ..options }, std::sync::Arc::new(SystemClock));
    small.await.unwrap().ensure_topology().await.unwrap();
    let gateway = TestGateway::start_on(nats, &[]).await;
    let id = JobId::new(&SystemClock);
    let cut_off = submitted(&gateway, id, Lane::Normal).await;
    gateway.parts.bus.events().create(&cut_off, PATIENCE).await.unwrap();
    let outcome = submit(&gateway.state, echo(id)).await.map(|submitted| submitted.job.id);
    let Err(Error::Unavailable { job: Some(named), .. }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(named, id);
}

/// CALLS took the call, but said so too late. It was answered before it could go to JOBS.
#[tokio::test]
async fn a_call_that_was_answered_while_it_seemed_lost_has_its_answer() {
    // The broker never confirms a call to this gateway.
    let config = tempfile::NamedTempFile::new().unwrap();
    let text = "authorization { users = [{ user: u, password: p, \
                permissions: { publish: { deny: [\"calls.>\"] } } }] }\nno_auth_user: u\n";
    std::fs::write(config.path(), text).unwrap();
    let nats = NatsServer::start_with(&["-c", config.path().to_str().unwrap()]).await;
    let gateway = TestGateway::start_on(nats, &[]).await;
    let id = JobId::new(&SystemClock);
    let call = submitted(&gateway, id, Lane::Interactive).await;
    let answered =
        Outcome::Succeeded { result: None, artifacts: Vec::new(), usage: None, load_ms: None };
    ends(&gateway, &call, answered).await;
    let request = SubmitRequest { waits: true, durability: Durability::Call, ..echo(id) };
    let submitted = submit(&gateway.state, request).await.unwrap();
    assert!(submitted.event.is_none() && submitted.replies.is_some());
    assert_eq!(submitted.job.lane, Lane::Interactive);

    // One that is not there goes to JOBS.
    let id = JobId::new(&SystemClock);
    let request = SubmitRequest { waits: true, durability: Durability::Call, ..echo(id) };
    let submitted = submit(&gateway.state, request).await.unwrap();
    assert!(submitted.event.is_some_and(|stored| stored.event.job.lane == Lane::Normal));
}
