//! Lists of jobs.

use common::job::JobState;
use serde_json::json;
use tests::{Role, Stack, eventually};

/// A list holds the jobs of a moment ago.
#[tokio::test]
async fn a_job_is_listed_right_after_it_was_submitted() {
    let stack = Stack::builder().without(Role::Worker).leaves_messages().start().await;
    let client = stack.client();
    // The records were never asked for anything before.
    let job = client.submit("diagnostic.echo", json!({})).await.id;
    let submitted = std::time::Instant::now();
    eventually("the job is listed", async || {
        let list = client.get("/v1/jobs").send().await;
        list.status == 200 && list.expect(200)["data"][0]["id"] == job.to_string()
    })
    .await;
    assert!(submitted.elapsed().as_secs() < 5, "{:?}", submitted.elapsed());
}

/// Newest first, page by page, without gaps or repeats, also when new jobs come in between.
#[tokio::test]
async fn pages_hang_together() {
    let stack = Stack::start().await;
    let client = stack.client();
    let mut submitted = Vec::new();
    for n in 0..5 {
        submitted.push(client.submit("diagnostic.echo", json!(n)).await.id);
    }
    for job in &submitted {
        client.ended(*job).await;
    }
    eventually("all are listed", async || {
        client.list("state=succeeded").await.len() == submitted.len()
    })
    .await;
    let (mut seen, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let (jobs, next) = client.page(&query).await;
        seen.extend(jobs.into_iter().map(|job| job.id));
        let Some(cursor) = next else { break };
        query = format!("limit=2&cursor={cursor}");
        client.submit("diagnostic.echo", json!("newer")).await;
    }
    submitted.reverse();
    assert_eq!(seen, submitted);
}

#[tokio::test]
async fn a_list_is_narrowed_by_what_jobs_have() {
    let stack = Stack::start().await;
    let client = stack.client();
    let red = json!({ "operation": "diagnostic.echo", "metadata": { "team": "red" } });
    let red = client.submit_job(red).await.id;
    let failed = client.submit("diagnostic.fail", json!({ "retryable": false })).await.id;
    client.ended(red).await;
    client.ended(failed).await;
    eventually("both are listed", async || client.list("state=succeeded,failed").await.len() == 2)
        .await;
    for (query, expected) in [
        ("state=failed", vec![failed]),
        ("state=succeeded", vec![red]),
        ("metadata[team]=red", vec![red]),
        ("metadata[team]=blue", vec![]),
        ("operation=diagnostic.fail", vec![failed]),
        ("capability=diagnostic&model=diagnostic", vec![failed, red]),
        ("created_after=2999-01-01T00:00:00Z", vec![]),
        ("created_before=2999-01-01T00:00:00Z", vec![failed, red]),
    ] {
        let found: Vec<_> = client.list(query).await.into_iter().map(|job| job.id).collect();
        assert_eq!(found, expected, "{query}");
    }
    assert_eq!(client.job(failed).await.status, JobState::Failed);
}
