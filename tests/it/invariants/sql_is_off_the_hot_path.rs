//! Invariant 6: SQL is never on the hot path.

use common::job::JobState;
use serde_json::json;
use tests::{Receiver, Stack, eventually};

/// Without a database jobs run, their status is told and their webhooks go; the records catch up when it is there.
#[tokio::test]
async fn without_sql_only_lists_are_missing() {
    let receiver = Receiver::start().await;
    let folder = tempfile::tempdir().unwrap();
    // Where the database should be there is something else.
    let in_the_way = folder.path().join("records.sqlite");
    std::fs::create_dir(&in_the_way).unwrap();
    let url = format!("sqlite://{}", in_the_way.display());
    let stack = Stack::builder().set("records.url", url).start().await;
    let client = stack.client();
    let job = json!({ "operation": "diagnostic.echo", "input": 7, "webhook": receiver.url() });
    let job = client.submit_job(job).await.id;
    assert_eq!(client.ended(job).await.status, JobState::Succeeded);
    assert_eq!(client.result(job).await.text(), "7");
    receiver.wait_for(1).await;
    assert_eq!(client.get("/v1/jobs").send().await.error(503), "unavailable");
    let unknown = format!("/v1/jobs/{}", common::job::JobId::new(&common::clock::SystemClock));
    assert_eq!(client.get(&unknown).send().await.error(503), "unavailable", "it may be recorded");
    client.get("/readyz").send().await.expect(200);

    std::fs::remove_dir(&in_the_way).unwrap();
    eventually("the records catch up", async || {
        let list = client.get("/v1/jobs").send().await;
        list.status == 200 && list.expect(200)["data"][0]["id"] == job.to_string()
    })
    .await;
    assert_eq!(client.get(&unknown).send().await.error(404), "not_found");
}
