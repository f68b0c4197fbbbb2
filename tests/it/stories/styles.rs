//! The call styles.

use common::job::JobState;
use serde_json::json;
use tests::Stack;

#[tokio::test]
async fn a_job_is_accepted_runs_and_has_a_result() {
    let stack = Stack::start().await;
    let client = stack.client();
    let job = client.submit("diagnostic.echo", json!({"n": 1.5})).await;
    assert!(!job.status.is_terminal());
    let ended = client.ended(job.id).await;
    assert_eq!(ended.status, JobState::Succeeded);
    assert_eq!(client.result(job.id).await.text(), r#"{"n":1.5}"#);
}
