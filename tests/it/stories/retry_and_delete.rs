//! Running again, failing, and removing.

use common::error_code::ErrorCode;
use common::job::{EventKind, JobState};
use common::objects::job_prefix;
use futures::TryStreamExt as _;
use serde_json::json;
use tests::{Receiver, Role, Spy, Stack, eventually};

/// A failure that may pass is tried again by itself, and the job says why.
#[tokio::test]
async fn a_job_that_fails_twice_succeeds_at_last() {
    let stack = Stack::start().await;
    let spy = stack.spy(&[Spy::EVENTS]).await;
    let client = stack.client();
    let fail = json!({ "times": 2, "message": "not yet" });
    let job = client.submit("diagnostic.fail", fail).await.id;
    let ended = client.ended(job).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Succeeded, 3));
    assert!(ended.error.is_none());
    let events = spy.events_of(job);
    let waits = events.iter().filter(|event| event.kind == EventKind::Queued).skip(1);
    let waits: Vec<_> =
        waits.map(|event| (event.attempt, event.error.clone().unwrap().message)).collect();
    assert_eq!(waits, [(2, "not yet".to_owned()), (3, "not yet".to_owned())]);
}

#[tokio::test]
async fn a_job_out_of_attempts_has_failed() {
    let stack = Stack::start().await;
    let client = stack.client();
    let job = json!({ "operation": "diagnostic.fail", "max_attempts": 2 });
    let ended = client.ended(client.submit_job(job).await.id).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Failed, 2));
    let error = ended.error.unwrap();
    assert_eq!((error.code, error.retryable), (ErrorCode::EngineFailed, true));
    assert_eq!(client.result(ended.id).await.error(500), "engine_failed");
}

/// What is the caller's fault is not tried again.
#[tokio::test]
async fn a_permanent_failure_is_final_at_once() {
    let stack = Stack::start().await;
    let job = stack.client().submit("diagnostic.fail", json!({ "retryable": false })).await.id;
    let ended = stack.client().ended(job).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Failed, 1));
}

/// A retry by hand is a new job with the same parameters, large ones included.
#[tokio::test]
async fn an_ended_job_is_run_again_by_hand() {
    let stack = Stack::start().await;
    let client = stack.client();
    let input = json!("w".repeat(300_000));
    let first = client.submit("diagnostic.echo", input.clone()).await.id;
    let retry = format!("/v1/jobs/{first}/retry");
    client.ended(first).await;
    let second = client.post(&retry).idempotent("r").send().await.job(202);
    assert_eq!(second.retry_of, Some(first));
    assert_eq!(client.post(&retry).idempotent("r").send().await.job(202).id, second.id);
    client.ended(second.id).await;
    client.delete(&format!("/v1/jobs/{first}")).send().await.job(200);
    assert_eq!(client.result(second.id).await.expect(200), input);
    assert_eq!(client.post(&retry).send().await.error(410), "gone");
}

#[tokio::test]
async fn a_job_that_has_not_ended_is_neither_retried_nor_deleted() {
    let stack = Stack::builder().without(Role::Worker).start().await;
    let client = stack.client();
    let job = client.submit("diagnostic.echo", json!({})).await.id;
    assert_eq!(client.post(&format!("/v1/jobs/{job}/retry")).send().await.error(409), "conflict");
    assert_eq!(client.delete(&format!("/v1/jobs/{job}")).send().await.error(409), "conflict");
    client.cancel(job).await;
}

/// The end of a deleted job is told again without its content, to nobody.
#[tokio::test]
async fn a_deletion_calls_nobody_back() {
    let receiver = Receiver::start().await;
    let stack = Stack::start().await;
    let client = stack.client();
    let job = json!({ "operation": "diagnostic.echo", "webhook": receiver.url() });
    let deleted = client.submit_job(job.clone()).await.id;
    receiver.wait_for(1).await;
    client.delete(&format!("/v1/jobs/{deleted}")).send().await.job(200);
    // What follows from the deletion would come before what follows from this one.
    let next = client.submit_job(job).await.id;
    let told = receiver.wait_for(2).await;
    let told: Vec<_> = told.iter().map(|one| one.payload().data.job.unwrap().id).collect();
    assert_eq!(told, [deleted, next]);
}

/// What is deleted leaves nothing of its content, anywhere; that it was stays.
#[tokio::test]
async fn a_deleted_job_leaves_no_content() {
    let stack = Stack::start().await;
    let client = stack.client();
    let secret = "s3cret".repeat(60_000);
    let job = client.submit("diagnostic.echo", json!(secret)).await.id;
    client.ended(job).await;
    let bare = client.delete(&format!("/v1/jobs/{job}")).send().await.job(200);
    assert_eq!(bare.status, JobState::Succeeded);
    assert!(bare.result.is_none());
    assert_eq!(client.result(job).await.error(410), "gone");
    let left: Vec<_> = stack.objects.list(&job_prefix(job), None).try_collect().await.unwrap();
    assert!(left.is_empty(), "{left:?}");
    let last = stack.bus.events().last(job).await.unwrap().unwrap();
    assert!(!serde_json::to_string(&last.event).unwrap().contains("s3cret"));
    eventually("the record has none either", async || {
        client
            .list("")
            .await
            .iter()
            .any(|listed| listed.id == job && listed.version == bare.version)
    })
    .await;
}
