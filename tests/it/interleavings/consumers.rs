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

/// A consumer that can not be made, here because another one has its name, keeps no job out: its message waits, or is
/// taken by the consumer that there is.
#[tokio::test]
async fn a_consumer_that_can_not_be_made_keeps_no_job_out() {
    let stack = Stack::start().await;
    stack.bus.ensure_lane_consumers("diagnostic", "diagnostic", Lane::Normal).await.unwrap();
    stack.bus.remove_lane_consumer("diagnostic", "diagnostic", Lane::Bulk).await.unwrap();
    let filter = "jobs.diagnostic.diagnostic.bulk.>";
    stack.bus.usurp_consumer("JOBS_diagnostic", "bulk-diagnostic", filter).await;

    let client = stack.client();
    let job = client.submit("diagnostic.echo", json!({})).await.id;
    assert_eq!(client.ended(job).await.status, JobState::Succeeded);
}
