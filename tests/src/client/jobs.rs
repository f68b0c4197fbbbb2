//! What callers do with jobs.

use common::job::{JobId, JobObject, JobState};
use serde_json::{Value, json};

use super::{Answer, Client, Events};
use crate::wait::{PATIENCE, within};

impl Client {
    /// Submits a job that is accepted.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "tests write it where they submit it")]
    pub fn submit(&self, operation: &str, input: Value) -> impl Future<Output = JobObject> {
        self.submit_job(json!({ "operation": operation, "input": input }))
    }

    /// Submits a job, written out, that is accepted.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "tests write it where they submit it")]
    pub fn submit_job(&self, job: Value) -> impl Future<Output = JobObject> {
        let (call, place) = (self.post("/v1/jobs").json(&job), std::panic::Location::caller());
        async move {
            let answer = call.send().await;
            assert_eq!(answer.status, 202, "{place}: {}", answer.text());
            answer.job(202)
        }
    }

    /// A job as it stands.
    pub async fn job(&self, id: JobId) -> JobObject {
        self.get(&format!("/v1/jobs/{id}")).send().await.job(200)
    }

    /// Waits until a job has ended, by long polls.
    #[track_caller]
    pub fn ended(&self, id: JobId) -> impl Future<Output = JobObject> {
        self.until(id, "the end of the job", |job| job.status.is_terminal())
    }

    /// Waits until a job is in a state, by long polls.
    #[track_caller]
    pub fn reaches(&self, id: JobId, state: JobState) -> impl Future<Output = JobObject> {
        self.until(id, state.as_str(), move |job| {
            assert!(
                job.status == state || !job.status.is_terminal(),
                "the job can not become {state} any more: {job:#?}"
            );
            job.status == state
        })
    }

    /// Waits until a job is as wanted, by long polls.
    #[track_caller]
    pub fn until(
        &self,
        id: JobId,
        what: &str,
        wanted: impl Fn(&JobObject) -> bool,
    ) -> impl Future<Output = JobObject> {
        let client = self.clone();
        within(PATIENCE, what, async move {
            let mut seen = String::new();
            loop {
                // Only who has seen something can wait for a change.
                let wait = if seen.is_empty() { 0 } else { 10 };
                let held = client.get(&format!("/v1/jobs/{id}?wait={wait}"));
                // A gateway or broker that is away for a while is part of many tests.
                let Ok(answer) = held.header("if-none-match", &seen).try_send().await else {
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    continue;
                };
                match answer.status.as_u16() {
                    200 => {
                        answer.header("etag").clone_into(&mut seen);
                        let job = answer.job(200);
                        if wanted(&job) {
                            return job;
                        }
                    }
                    304 => {}
                    502..=504 => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                    _ => drop(answer.job(200)),
                }
            }
        })
    }

    /// The result of a job.
    pub async fn result(&self, id: JobId) -> Answer {
        self.get(&format!("/v1/jobs/{id}/result")).send().await
    }

    /// Asks to cancel a job.
    pub async fn cancel(&self, id: JobId) -> JobObject {
        self.post(&format!("/v1/jobs/{id}/cancel")).send().await.job(200)
    }

    /// Follows a job from its beginning.
    pub async fn follow(&self, id: JobId) -> Events {
        Events::of(self.get(&format!("/v1/jobs/{id}/events")).open().await).await
    }

    /// The newest jobs that fit a query.
    pub async fn list(&self, query: &str) -> Vec<JobObject> {
        self.page(query).await.0
    }

    /// A page of jobs, and where the next one begins.
    pub async fn page(&self, query: &str) -> (Vec<JobObject>, Option<String>) {
        let page = self.get(&format!("/v1/jobs?{query}")).send().await.expect(200);
        let jobs = serde_json::from_value(page["data"].clone()).expect("a page holds jobs");
        (jobs, page["next_cursor"].as_str().map(str::to_owned))
    }
}
