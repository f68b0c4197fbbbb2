use std::time::Duration;

use common::error_code::ErrorCode;
use common::job::{JobError, JobState, Lane, Outcome};
use serde_json::json;

use super::{id, path, submit_echo};
use crate::fake_worker::FakeWorker;
use crate::testing::TestGateway;

#[tokio::test]
async fn a_job_that_waits_is_canceled_at_once() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::diagnostic(&gateway).await;
    let job = submit_echo(&gateway, &gateway.admin_key).await;
    let cancel = format!("{}/cancel", path(&job));
    let canceled = gateway.post(&gateway.admin_key, &cancel, &json!({})).await.expect(200);
    assert_eq!(canceled["status"], "canceled");
    assert!(worker.is_empty(Lane::Normal).await);
    let again = gateway.post(&gateway.admin_key, &cancel, &json!({})).await.expect(200);
    assert_eq!(again["version"], canceled["version"]);
    let result = gateway.get(&gateway.admin_key, &format!("{}/result", path(&job))).await;
    assert_eq!(result.error(409), "canceled");
}

#[tokio::test]
async fn a_scheduled_job_is_canceled_with_its_schedule() {
    let gateway = TestGateway::start().await;
    let at = gateway.parts.clock.now().plus(Duration::from_hours(1));
    let body = json!({ "operation": "diagnostic.echo", "run_at": at });
    let job = gateway.post(&gateway.admin_key, "/v1/jobs", &body).await.expect(202);
    let cancel = format!("{}/cancel", path(&job));
    gateway.post(&gateway.admin_key, &cancel, &json!({})).await.expect(200);
    let stored = gateway.parts.bus.events().last(id(&job)).await.unwrap().unwrap();
    assert_eq!(stored.event.state, JobState::Canceled);
    assert_eq!(gateway.parts.bus.find_job_message(&stored.event.job).await.unwrap(), None);
}

#[tokio::test]
async fn a_job_that_runs_is_asked_to_stop_and_its_worker_told() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::diagnostic(&gateway).await;
    let mut notices = worker.bus.subscribe_cancels().await.unwrap();
    let job = submit_echo(&gateway, &gateway.admin_key).await;
    let mut taken = worker.take(Lane::Normal).await;
    taken.start().await;
    let cancel = format!("{}/cancel", path(&job));
    let asked = gateway.post(&gateway.admin_key, &cancel, &json!({})).await.expect(200);
    assert_eq!(asked["status"], "running");
    assert!(asked["cancel_requested_at"].is_string());
    assert_eq!(notices.next().await, Some(id(&job)));
    // Repeated, in case that the notice was lost.
    gateway.post(&gateway.admin_key, &cancel, &json!({})).await.expect(200);
    assert_eq!(notices.next().await, Some(id(&job)));
    // The result was there first, and the answer says so.
    taken.succeed("{}").await;
    let late = gateway.post(&gateway.admin_key, &cancel, &json!({})).await.expect(200);
    assert_eq!(late["status"], "succeeded");
}

#[tokio::test]
async fn a_failed_job_answers_with_its_error_and_runs_again_as_a_new_one() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::diagnostic(&gateway).await;
    let job = submit_echo(&gateway, &gateway.admin_key).await;
    let retry = format!("{}/retry", path(&job));
    let early = gateway.post(&gateway.admin_key, &retry, &json!({})).await;
    assert_eq!(early.error(409), "conflict");
    let mut taken = worker.take(Lane::Normal).await;
    taken.start().await;
    let error = JobError::permanent(ErrorCode::InvalidInput, "This is no picture.");
    taken.finish(Outcome::Failed(error)).await;
    let result = gateway.get(&gateway.admin_key, &format!("{}/result", path(&job))).await;
    assert_eq!(result.expect(422)["error"]["message"], "This is no picture.");
    let again = gateway.post(&gateway.admin_key, &retry, &json!({})).await.expect(202);
    assert_eq!(again["retry_of"], job["id"]);
    assert_ne!(again["id"], job["id"]);
    let second = gateway.parts.bus.events().last(id(&again)).await.unwrap().unwrap();
    assert_eq!(second.event.job.input.as_ref().unwrap().get(), "{\"n\":1}");
}

#[tokio::test]
async fn a_job_that_runs_again_has_its_own_inputs() {
    let gateway = TestGateway::start().await;
    let body = json!({
        "operation": "image.convert", "input": { "format": "png" },
        "files": { "source": { "data": "data:image/png;base64,iVBORw0KGgo=" } },
    });
    let job = gateway.post(&gateway.admin_key, "/v1/jobs", &body).await.expect(202);
    gateway
        .post(&gateway.admin_key, &format!("{}/cancel", path(&job)), &json!({}))
        .await
        .expect(200);
    let retry = format!("{}/retry", path(&job));
    let again = gateway.post(&gateway.admin_key, &retry, &json!({})).await.expect(202);
    let second = gateway.parts.bus.events().last(id(&again)).await.unwrap().unwrap();
    let key = &second.event.job.files[0].key;
    assert_eq!(*key, format!("jobs/{}/in/source", id(&again)));
    // The first one's content goes; the second one's stays.
    gateway.delete(&gateway.admin_key, &path(&job)).await.expect(200);
    assert!(gateway.parts.objects.head(key).await.is_ok());
    let gone = gateway.post(&gateway.admin_key, &retry, &json!({})).await;
    assert_eq!(gone.error(410), "gone");
}

#[tokio::test]
async fn the_content_of_an_ended_job_is_removed_on_request() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::diagnostic(&gateway).await;
    let job = submit_echo(&gateway, &gateway.admin_key).await;
    let early = gateway.delete(&gateway.admin_key, &path(&job)).await;
    assert_eq!(early.error(409), "conflict");
    let mut taken = worker.take(Lane::Normal).await;
    taken.start().await;
    let end = taken.succeed(r#"{"secret":1}"#).await;
    let removed = gateway.delete(&gateway.admin_key, &path(&job)).await.expect(200);
    assert_eq!(removed["status"], "succeeded");
    assert!(removed.get("result").is_none());
    let result = gateway.get(&gateway.admin_key, &format!("{}/result", path(&job))).await;
    assert_eq!(result.error(410), "gone");
    let stored = gateway.parts.bus.events().last(id(&job)).await.unwrap().unwrap();
    assert_eq!(stored.event.id, end.id, "it is the same end");
    assert!(!serde_json::to_string(&stored.event).unwrap().contains("secret"));
    assert!(stored.event.job.input.is_none());
    let again = gateway.delete(&gateway.admin_key, &path(&job)).await.expect(200);
    assert_eq!(again["version"], removed["version"]);
}

#[tokio::test]
async fn a_foreign_job_does_not_exist() {
    let gateway = TestGateway::start().await;
    let owner = gateway.user_key("acme").await;
    let job = submit_echo(&gateway, &owner).await;
    gateway.get(&owner, &path(&job)).await.expect(200);
    // The admin's own tenant is another one, too.
    for stranger in [gateway.user_key("other").await, gateway.admin_key.clone()] {
        for rest in ["", "/result", "/events"] {
            let answer = gateway.get(&stranger, &format!("{}{rest}", path(&job))).await;
            assert_eq!(answer.error(404), "not_found");
        }
        for rest in ["/cancel", "/retry"] {
            let answer =
                gateway.post(&stranger, &format!("{}{rest}", path(&job)), &json!({})).await;
            assert_eq!(answer.error(404), "not_found");
        }
        assert_eq!(gateway.delete(&stranger, &path(&job)).await.error(404), "not_found");
    }
    assert_eq!(gateway.get(&owner, "/v1/jobs/nonsense").await.error(404), "not_found");
}
