//! Running again what ran out of attempts and was forgotten elsewhere.

use std::time::Duration;

use common::error_code::ErrorCode;
use common::job::{JobError, JobEvent, Lane, Outcome};
use serde_json::{Value, json};

use super::{id, keys, path, record};
use crate::fake_worker::FakeWorker;
use crate::testing::TestGateway;

/// Fails a job as a worker does on its last attempt, and removes its content as a keeper does at the end of its
/// retention: inputs of a dead letter stay.
async fn bury(gateway: &TestGateway, job: &Value) -> JobEvent {
    let (bus, clock) = (&gateway.parts.bus, &gateway.parts.clock);
    let stored = bus.events().last(id(job)).await.unwrap().unwrap();
    bus.publish_dead_job(&stored.event, Duration::from_secs(3)).await.unwrap();
    let error = JobError::retryable(ErrorCode::EngineFailed, "It failed.");
    let retention = bus.events().retention();
    let end = stored.event.finished(Outcome::Failed(error), None, retention, clock.as_ref());
    let end = end.unwrap();
    let stored = bus.events().swap(&end, stored.sequence, Duration::from_secs(3)).await.unwrap();
    let bare = end.without_content(clock.as_ref());
    bus.events().tell_again(&bare, stored.sequence, Duration::from_secs(3)).await.unwrap();
    record(gateway, std::slice::from_ref(&bare)).await;
    bus.remove_job(&bare.job).await.unwrap();
    bare
}

/// An input so large that it lies in the object store.
fn large_input() -> Value {
    json!({ "text": "w".repeat(300_000) })
}

/// Submits a job with a large input and buries it.
async fn bury_large(gateway: &TestGateway) -> (Value, JobEvent) {
    let body = json!({ "operation": "diagnostic.echo", "input": large_input() });
    let job = gateway.post(&gateway.admin_key, "/v1/jobs", &body).await.expect(202);
    let bare = bury(gateway, &job).await;
    (job, bare)
}

#[tokio::test]
async fn a_job_out_of_attempts_runs_again_after_its_content_and_its_event_are_gone() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::diagnostic(&gateway).await;
    let owner = gateway.user_key("acme").await;
    for input in [json!({ "n": 1 }), large_input()] {
        let body = json!({ "operation": "diagnostic.echo", "input": input });
        let job = gateway.post(&owner, "/v1/jobs", &body).await.expect(202);
        worker.take(Lane::Normal).await.start().await;
        bury(&gateway, &job).await;
        let retry = format!("{}/retry", path(&job));
        let bare = gateway.post(&owner, &retry, &json!({})).await.expect(202);
        gateway.parts.bus.purge_events(id(&job)).await;
        let forgotten = gateway.post(&owner, &retry, &json!({})).await.expect(202);
        for again in [bare, forgotten] {
            assert_eq!(again["retry_of"], job["id"]);
            let mut taken = worker.take(Lane::Normal).await;
            taken.start().await;
            assert_eq!(taken.input(&gateway).await, input);
            taken.succeed("{}").await;
        }
        let stranger = gateway.user_key("other").await;
        assert_eq!(gateway.post(&stranger, &retry, &json!({})).await.error(404), "not_found");
    }
}

/// Nobody but the dead letter knows the job: the row is gone, too, or SQL is away.
#[tokio::test]
async fn a_dead_letter_needs_no_record() {
    for records in ["", "sqlite:///nowhere/at/all.db"] {
        let mut settings = vec![("egress.allow", "127.0.0.0/8")];
        settings.extend((!records.is_empty()).then_some(("records.url", records)));
        let gateway = TestGateway::start_with(&settings).await;
        let admin = &gateway.admin_key;
        let body = json!({ "operation": "diagnostic.echo", "input": { "n": 1 } });
        let job = gateway.post(admin, "/v1/jobs", &body).await.expect(202);
        bury(&gateway, &job).await;
        gateway.parts.bus.purge_events(id(&job)).await;
        gateway.records.remove_job(id(&job)).await.unwrap();
        let retry = format!("{}/retry", path(&job));
        let again = gateway.post(admin, &retry, &json!({})).await.expect(202);
        assert_eq!(again["retry_of"], job["id"]);
        let stranger = gateway.user_key("other").await;
        let refused = gateway.post(&stranger, &retry, &json!({})).await;
        assert!([404, 503].contains(&refused.status.as_u16()), "{refused:?}");
    }
}

/// What an owner had removed does not come back, and what retention left for the dead letter goes with it.
#[tokio::test]
async fn a_removed_job_does_not_run_again() {
    let gateway = TestGateway::start().await;
    let admin = &gateway.admin_key;
    let (job, bare) = bury_large(&gateway).await;
    assert!(!keys(&gateway).await.is_empty());
    let removed = gateway.delete(admin, &path(&job)).await.expect(200);
    assert_eq!(removed["version"], bare.version);
    assert!(keys(&gateway).await.is_empty());
    assert!(gateway.parts.bus.dead_job(id(&job)).await.unwrap().is_none());
    let retry = format!("{}/retry", path(&job));
    assert_eq!(gateway.post(admin, &retry, &json!({})).await.error(410), "gone");
}

/// The store is not ours alone: somebody may have removed the inputs that the dead letter names.
#[tokio::test]
async fn without_its_inputs_a_dead_letter_is_not_enough() {
    let gateway = TestGateway::start().await;
    let admin = &gateway.admin_key;
    let (job, _) = bury_large(&gateway).await;
    gateway.parts.objects.delete_prefix("jobs").await.unwrap();
    let retry = format!("{}/retry", path(&job));
    assert_eq!(gateway.post(admin, &retry, &json!({})).await.error(410), "gone");
    assert!(keys(&gateway).await.is_empty());
}

/// Nobody but the dead letter knows the job, and its owner wants it gone: nothing runs it again.
#[tokio::test]
async fn a_forgotten_job_is_removed_with_its_dead_letter() {
    let gateway = TestGateway::start().await;
    let admin = &gateway.admin_key;
    let (job, _) = bury_large(&gateway).await;
    gateway.parts.bus.purge_events(id(&job)).await;
    gateway.records.remove_job(id(&job)).await.unwrap();
    let stranger = gateway.user_key("other").await;
    assert_eq!(gateway.delete(&stranger, &path(&job)).await.error(404), "not_found");
    assert!(!keys(&gateway).await.is_empty());
    let removed = gateway.delete(admin, &path(&job)).await.expect(200);
    assert_eq!((&removed["id"], &removed["status"]), (&job["id"], &json!("failed")));
    assert!(keys(&gateway).await.is_empty());
    assert!(gateway.parts.bus.dead_job(id(&job)).await.unwrap().is_none());
    let retry = format!("{}/retry", path(&job));
    assert_eq!(gateway.post(admin, &retry, &json!({})).await.error(404), "not_found");
    assert_eq!(gateway.delete(admin, &path(&job)).await.error(404), "not_found");
}

/// With the records away there may be a row whose content would stay.
#[tokio::test]
async fn without_the_records_a_forgotten_job_is_not_removed() {
    let settings = [("records.url", "sqlite:///nowhere/at/all.db")];
    let gateway = TestGateway::start_with(&settings).await;
    let admin = &gateway.admin_key;
    let body = json!({ "operation": "diagnostic.echo", "input": { "n": 1 } });
    let job = gateway.post(admin, "/v1/jobs", &body).await.expect(202);
    bury(&gateway, &job).await;
    gateway.parts.bus.purge_events(id(&job)).await;
    assert_eq!(gateway.delete(admin, &path(&job)).await.error(503), "unavailable");
    assert!(gateway.parts.bus.dead_job(id(&job)).await.unwrap().is_some());
}

/// The letter is written before the end: until then the job runs, and may be tried again elsewhere.
#[tokio::test]
async fn a_dead_letter_does_not_end_a_job() {
    let gateway = TestGateway::start().await;
    let admin = &gateway.admin_key;
    let body = json!({ "operation": "diagnostic.echo", "input": { "n": 1 } });
    let job = gateway.post(admin, "/v1/jobs", &body).await.expect(202);
    let stored = gateway.parts.bus.events().last(id(&job)).await.unwrap().unwrap();
    gateway.parts.bus.publish_dead_job(&stored.event, Duration::from_secs(3)).await.unwrap();
    let retry = format!("{}/retry", path(&job));
    assert_eq!(gateway.post(admin, &retry, &json!({})).await.error(409), "conflict");
    assert_eq!(gateway.delete(admin, &path(&job)).await.error(409), "conflict");
    assert!(gateway.parts.bus.dead_job(id(&job)).await.unwrap().is_some());
}

/// That nobody could be asked does not make a job forgotten: no second question to a broker that is away.
#[tokio::test]
async fn without_the_broker_a_retry_is_refused_within_two_seconds() {
    let mut gateway = TestGateway::start().await;
    let admin = gateway.admin_key.clone();
    let body = json!({ "operation": "diagnostic.echo", "input": { "n": 1 } });
    let job = gateway.post(&admin, "/v1/jobs", &body).await.expect(202);
    bury(&gateway, &job).await;
    gateway.nats.kill();
    let started = std::time::Instant::now();
    let retry = format!("{}/retry", path(&job));
    assert_eq!(gateway.post(&admin, &retry, &json!({})).await.error(503), "unavailable");
    assert!(started.elapsed() < Duration::from_millis(2_300), "{:?}", started.elapsed());
}
