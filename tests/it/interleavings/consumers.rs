//! Consumers that are removed too early (15).

use common::job::{JobState, Lane};
use serde_json::json;
use tests::{Role, Stack};

/// Interleaving 15: the consumer of a model is removed as unused while a gateway, which knows that it is there,
/// publishes. The message waits in the stream until a keeper makes the consumer again.
#[tokio::test]
async fn a_job_published_without_a_consumer_is_found() {
    let mut stack = Stack::builder().without(Role::Keeper).start().await;
    let client = stack.client();
    let first = client.submit("diagnostic.echo", json!({})).await.id;
    assert_eq!(client.ended(first).await.status, JobState::Succeeded);
    for lane in [Lane::Interactive, Lane::Normal, Lane::Bulk] {
        stack.bus.remove_lane_consumer("diagnostic", "diagnostic", lane).await.unwrap();
    }
    let second = client.submit("diagnostic.echo", json!({})).await.id;
    assert_eq!(client.job(second).await.status, JobState::Queued);
    stack.add(Role::Keeper).await;
    assert_eq!(client.ended(second).await.status, JobState::Succeeded);
}
