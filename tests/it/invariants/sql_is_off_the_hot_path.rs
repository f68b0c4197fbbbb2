//! Invariant 6: SQL is never on the hot path.

use std::collections::HashSet;

use common::job::JobState;
use serde_json::json;
use tests::{Receiver, Role, Stack, eventually};

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

/// Two keepers record the same events, one of them dies, the other goes on: every job is there once, as it ended.
#[tokio::test]
async fn keepers_that_record_together_miss_and_double_nothing() {
    const JOBS: usize = 200;
    let mut stack = Stack::builder().with(Role::Keeper, 2).start().await;
    let client = stack.client();
    let jobs = vec![json!({ "operation": "diagnostic.echo" }); JOBS / 2];
    let submit = async || {
        let batch = json!({ "jobs": jobs });
        client.post("/v1/jobs/batch").json(&batch).send().await.expect(200)["accepted"].clone()
    };
    assert_eq!(submit().await, JOBS / 2);
    stack.kill(stack.first(Role::Keeper));
    assert_eq!(submit().await, JOBS / 2);
    let mut listed = HashSet::new();
    eventually("all have ended on record", async || {
        let (mut query, mut seen) = ("state=succeeded&limit=100".to_owned(), 0);
        listed.clear();
        loop {
            let (jobs, next) = client.page(&query).await;
            seen += jobs.len();
            listed.extend(jobs.into_iter().map(|job| job.id));
            let Some(cursor) = next else { break };
            query = format!("state=succeeded&limit=100&cursor={cursor}");
        }
        assert_eq!(seen, listed.len(), "a job is listed twice");
        seen == JOBS
    })
    .await;
    assert_eq!(client.list("state=queued,running").await.len(), 0);
}
