//! Work of all kinds, to be disturbed.

use std::time::Duration;

use common::clock::{Clock as _, SystemClock};
use common::job::JobObject;
use serde_json::{Value, json};

use crate::audit::Promises;
use crate::client::Client;

/// Makes jobs of all kinds in turn, each with a callback.
#[derive(Clone, Debug)]
pub struct Load {
    webhook: String,
    count: usize,
}

impl Load {
    /// Jobs whose ends are told to `webhook`.
    pub fn new(webhook: &str) -> Self {
        Self { webhook: webhook.to_owned(), count: 0 }
    }

    /// The next job: it succeeds at once, takes a while, fails once, fails for good, fails until it is a dead letter,
    /// is not due yet, or yields to the others.
    pub fn job(&mut self) -> Value {
        self.count += 1;
        let soon = SystemClock.now().plus(Duration::from_secs(1));
        let mut job = match self.count % 8 {
            1 => json!({"operation": "diagnostic.sleep", "input": {"ms": 300}}),
            2 => json!({"operation": "diagnostic.fail", "input": {"times": 1}}),
            3 => json!({"operation": "diagnostic.fail", "input": {"retryable": false}}),
            4 => json!({"operation": "diagnostic.fail", "max_attempts": 1}),
            5 => json!({"operation": "diagnostic.echo", "run_at": soon}),
            6 => json!({"operation": "diagnostic.echo", "lane": "bulk"}),
            7 => json!({"operation": "diagnostic.sleep", "input": {"ms": 1_200}}),
            _ => json!({"operation": "diagnostic.echo", "input": {"n": self.count}}),
        };
        job["webhook"] = json!(self.webhook);
        job
    }

    /// Submits the next job, and notes the promise if it is accepted. Nobody may be there to take it.
    pub async fn submit(&mut self, client: &Client, promises: &Promises) -> Option<JobObject> {
        let answer = client.post("/v1/jobs").json(&self.job()).try_send().await.ok()?;
        let job = (answer.status == 202).then(|| answer.job(202))?;
        promises.told(&job);
        Some(job)
    }

    /// Submits this many jobs, one after the other.
    pub async fn submit_many(&mut self, count: usize, client: &Client, promises: &Promises) {
        for _ in 0..count {
            self.submit(client, promises).await;
        }
    }
}
