//! Queues: places in them, and who comes first.

use common::job::JobState;
use serde_json::json;
use tests::{Role, Stack};

/// A job that waits says how many come before it, as an estimate.
#[tokio::test]
async fn a_queued_job_knows_its_place() {
    let mut stack = Stack::builder().without(Role::Worker).start().await;
    let client = stack.client();
    let mut jobs = Vec::new();
    for n in 0..3 {
        jobs.push(client.submit("diagnostic.echo", json!(n)).await.id);
    }
    let last = jobs[2];
    tests::eventually("the place is known", async || {
        client.job(last).await.queue_position == Some(2)
    })
    .await;
    let queues = client.get("/v1/admin/queues").send().await.expect(200);
    assert!(queues.to_string().contains("\"waiting\":3"), "{queues}");
    stack.add(Role::Worker).await;
    for job in jobs {
        let ended = client.ended(job).await;
        assert_eq!((ended.status, ended.queue_position), (JobState::Succeeded, None));
    }
}

/// Bulk yields to normal work, but a steady stream of that does not starve it.
#[tokio::test]
async fn bulk_yields_and_is_never_starved() {
    let mut stack =
        Stack::builder().without(Role::Worker).set("worker.diagnostic.slots", "1").start().await;
    let client = stack.client();
    let nap = |lane: &str| json!({ "operation": "diagnostic.sleep", "input": { "ms": 10 }, "lane": lane });
    let bulk = client.submit_job(nap("bulk")).await.id;
    let mut normal = Vec::new();
    for _ in 0..60 {
        normal.push(client.submit_job(nap("normal")).await.id);
    }
    stack.add(Role::Worker).await;
    let mut started = Vec::new();
    for job in &normal {
        started.push(client.ended(*job).await.started_at);
    }
    let bulk = client.ended(bulk).await.started_at;
    assert!(started[0] < bulk, "it yields although it came first");
    assert!(
        bulk < *started.last().unwrap(),
        "it has its turn before the others have all had theirs"
    );
}
