//! Results of several runs (8).

use bytes::Bytes;
use common::bus::WriteError;
use common::job::{JobState, Lane};
use common::objects::RunKey;
use serde_json::json;
use tests::{Hand, Role, Stack, success_at};

/// Interleaving 8: two runs of a job write their results. Each has its own object; the event names the winner's.
#[tokio::test]
async fn two_runs_never_write_the_same_object() {
    let mut stack = Stack::builder().without(Role::Worker).start().await;
    let client = stack.client();
    // Too large for the event.
    let input = json!({ "text": "x".repeat(40_000) });
    let job = client.submit("diagnostic.echo", input.clone()).await.id;
    let mut first = Hand::new(&stack.bus, "first").take(Lane::Normal).await;
    first.start().await;
    let lost = RunKey { job, run: first.run.id }.result();
    stack.objects.put(&lost, Bytes::from_static(b"\"half\"")).await.unwrap();

    stack.add(Role::Worker).await;
    let ended = client.ended(job).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Succeeded, 2));
    // The first run wakes up, stores the rest and loses.
    stack.objects.put(&lost, Bytes::from_static(b"\"whole\"")).await.unwrap();
    let refused = first.try_finish(success_at(&lost, 7)).await;
    assert!(matches!(refused, Err(WriteError::Conflict(_))), "{refused:?}");
    assert_eq!(client.result(job).await.expect(200), input);
}
