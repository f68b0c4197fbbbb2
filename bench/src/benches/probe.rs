//! What callers notice of a system that holds much: how long a submit and a status take.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use crate::context::Context;
use crate::http::{Connection, request};
use crate::load::{Latencies, Operation, Plan, closed, once_each, open};
use crate::system::System;

/// Requests a second: so few that nothing queues up.
const RATE: f64 = 200.0;
const CONNECTIONS: usize = 8;

/// Times of asking for the status of these jobs in turn.
pub(super) async fn status(
    context: &Context,
    system: &System,
    jobs: &[String],
) -> anyhow::Result<Latencies> {
    let path = |id: &String| request("GET", &format!("/v1/jobs/{id}"), system.key(), b"");
    turns(context, system, jobs.iter().map(path).collect(), 200, "status").await
}

/// Times of submitting a job.
pub(super) async fn submit(
    context: &Context,
    system: &System,
    job: &serde_json::Value,
) -> anyhow::Result<Latencies> {
    let request = request("POST", "/v1/jobs", system.key(), job.to_string().as_bytes());
    turns(context, system, vec![request], 202, "submit").await
}

async fn turns(
    context: &Context,
    system: &System,
    requests: Vec<Bytes>,
    status: u16,
    what: &str,
) -> anyhow::Result<Latencies> {
    anyhow::ensure!(!requests.is_empty(), "there is nothing to ask for");
    let requests: Arc<[Bytes]> = requests.into();
    let address = system.address()?;
    let all = (0..CONNECTIONS).map(|index| Turns {
        connection: Connection::new(address),
        requests: Arc::clone(&requests),
        next: index,
        status,
    });
    let mut all: Vec<Turns> = all.collect();
    once_each(&mut all).await?;
    let one = all.drain(..1).collect();
    let (one, _) = closed(one, context.scale.warm_up() / 2).await;
    all.extend(one);
    let (_, measured) = open(all, Plan::steady(RATE, context.scale.lasting(3.0))).await;
    Ok(measured.faultless(what)?.latencies)
}

/// Goes through requests in turn.
struct Turns {
    connection: Connection,
    requests: Arc<[Bytes]>,
    next: usize,
    status: u16,
}

impl Operation for Turns {
    async fn run(&mut self, _: Instant) -> anyhow::Result<u64> {
        let request = &self.requests[self.next % self.requests.len()];
        self.next += CONNECTIONS;
        self.connection.call(request).await?.expect(self.status)?;
        Ok(1)
    }
}
