//! Messages that no worker survives (20).

use common::bus::subjects;
use common::error_code::ErrorCode;
use common::job::{JobState, Lane};
use serde_json::json;
use tests::{Hand, Role, Stack, eventually};

/// Interleaving 20: a message that no worker can read. The first one that gets it ends the job, and it does not come
/// again.
#[tokio::test]
async fn a_message_that_can_not_be_read_ends_its_job() {
    let mut stack = Stack::builder().without(Role::Worker).without(Role::Keeper).start().await;
    let hand = Hand::new(&stack.bus, "gateway");
    stack.bus.ensure_model_consumers("diagnostic", "diagnostic").await.unwrap();
    let stored = hand.records_only(hand.envelope("default", |_| {})).await;
    stack.bus.publish_raw(subjects::job(&stored.event.job), b"{\"of\": the future}").await;

    stack.add(Role::Worker).await;
    stack.add(Role::Keeper).await;
    let ended = stack.client().ended(stored.event.job.id).await;
    assert_eq!(ended.error.unwrap().code, ErrorCode::Internal);
    eventually("the message is gone", async || {
        stack.bus.find_job_message(&stored.event.job).await.unwrap().is_none()
    })
    .await;
}

/// Interleaving 20: workers die on a message before they can say that they started. Deliveries are counted too.
#[tokio::test]
async fn a_message_that_nobody_gets_to_start_is_parked() {
    let mut stack = Stack::builder().without(Role::Worker).start().await;
    let job = stack.client().submit("diagnostic.echo", json!({})).await.id;
    let hand = Hand::new(&stack.bus, "dies");
    for _ in 0..20 {
        hand.take(Lane::Normal).await.nak().await;
    }
    stack.add(Role::Worker).await;
    let ended = stack.client().ended(job).await;
    assert_eq!(ended.status, JobState::Failed);
    assert_eq!(ended.error.unwrap().code, ErrorCode::WorkerLost);
}
