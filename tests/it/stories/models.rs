//! Models that come and go.

use common::job::JobState;
use serde_json::json;
use tests::upstream::Upstream;
use tests::{Role, Stack, eventually};

/// A model is listed while a worker offers it, and remembered when the last one has left.
#[tokio::test]
async fn a_model_is_known_as_long_as_jobs_may_wait_for_it() {
    let upstream = Upstream::start(&["acme/tiny:1b"]).await;
    let mut stack = Stack::builder().llm(&upstream.url()).start().await;
    let client = stack.client();
    client.knows("acme/tiny:1b").await;
    client.chat("acme/tiny:1b").send().await.expect(200);
    let worker = stack.first(Role::Worker);
    stack.stop(worker).await;
    eventually("the model is not available", async || {
        let model = client.get("/v1/models/acme/tiny:1b").send().await.expect(200);
        model["available"] == false
    })
    .await;

    // A call is not kept waiting, a job waits.
    let refused = client.chat("acme/tiny:1b").send().await;
    assert_eq!(refused.error(503), "no_worker");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    let job = client.chat("acme/tiny:1b").prefer("respond-async").send().await.job(202);
    assert_eq!(job.status, JobState::Queued);
    stack.add(Role::Worker).await;
    assert_eq!(client.ended(job.id).await.status, JobState::Succeeded);
    assert_eq!(client.result(job.id).await.expect(200)["model"], json!("acme/tiny:1b"));
}
