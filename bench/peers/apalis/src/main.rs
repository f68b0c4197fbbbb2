//! One round of apalis: `round MEASURE`. Producer and worker share one process and its two threads.

mod measure;

use anyhow::{Context, Result, bail};
use apalis::prelude::*;
use apalis_redis::RedisStorage;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a job carries: its number and 1 KiB.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    pub index: u64,
    pub body: String,
}

impl Job {
    pub fn new(index: u64) -> Self {
        Self { index, body: "x".repeat(1024) }
    }
}

pub type Storage = RedisStorage<Job>;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    let url = std::env::var("BENCH_URL").context("BENCH_URL says where Redis is")?;
    let connection = apalis_redis::connect(url).await?;
    let storage = RedisStorage::new(connection);
    let figures = match std::env::args().nth(1).as_deref() {
        Some("enqueue") => measure::enqueue(storage).await?,
        Some("bulk") => measure::bulk(storage).await?,
        Some("drain") => measure::drain(storage).await?,
        Some("pickup") => measure::pickup(storage).await?,
        other => bail!("no such measure: {other:?}"),
    };
    println!("{figures}");
    Ok(())
}

/// Starts a worker that runs a hundred jobs at once, asks Redis every 5 ms (the default is half a minute) and calls
/// `ran` for each job.
pub fn work(storage: Storage, ran: impl Fn(u64) + Clone + Send + Sync + 'static) {
    let run = move |job: Job| {
        ran(job.index);
        async { Ok::<(), BoxDynError>(()) }
    };
    let worker = WorkerBuilder::new("round")
        .backend(storage.poll_with_interval(Duration::from_millis(5)))
        .concurrency(100)
        .build(run);
    tokio::spawn(worker.run());
}
