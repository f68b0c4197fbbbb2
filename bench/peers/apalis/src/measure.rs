//! The four measures.

use crate::{Job, Storage, work};
use anyhow::{Context, Result};
use apalis::prelude::TaskSink;
use serde_json::{Value, json};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{sync::mpsc, task::JoinSet, time};

const IN_FLIGHT: usize = 64;
const BULK: u64 = 500;
/// Its fetch fails as soon as about 8,000 jobs are due: `unpack` in its script runs out of stack.
const BACKLOG: u64 = 6_400;
const WARM_UP: Duration = Duration::from_millis(500);
const WINDOW: Duration = Duration::from_secs(3);
const RATE: f64 = 200.0;
const WARM_JOBS: u64 = 200;
const PICKUP_JOBS: u64 = 1_000;
const PATIENCE: Duration = Duration::from_secs(30);

/// Jobs accepted a second with 64 pushes awaited at once.
pub async fn enqueue(storage: Storage) -> Result<Value> {
    let rate = throughput(IN_FLIGHT, move || {
        let mut storage = storage.clone();
        async move {
            storage.push(Job::new(0)).await?;
            Ok(1)
        }
    });
    Ok(json!({ "enqueue_per_s": rate.await? }))
}

/// Jobs accepted a second by one caller that pushes 500 in a call.
pub async fn bulk(storage: Storage) -> Result<Value> {
    let rate = throughput(1, move || {
        let mut storage = storage.clone();
        async move {
            storage.push_bulk((0..BULK).map(Job::new).collect()).await?;
            Ok(BULK)
        }
    });
    Ok(json!({ "bulk_per_s": rate.await? }))
}

/// What `submit` accepted a second, called by so many callers at once, after the warm-up.
async fn throughput<F>(
    callers: usize,
    submit: impl Fn() -> F + Clone + Send + 'static,
) -> Result<f64>
where
    F: Future<Output = Result<u64>> + Send,
{
    let accepted = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let mut running = JoinSet::new();
    for _ in 0..callers {
        let (submit, accepted) = (submit.clone(), accepted.clone());
        running.spawn(async move {
            loop {
                let at = start.elapsed();
                if at >= WARM_UP + WINDOW {
                    return Ok::<(), anyhow::Error>(());
                }
                let count = submit().await?;
                if at >= WARM_UP {
                    accepted.fetch_add(count, Ordering::Relaxed);
                }
            }
        });
    }
    while let Some(done) = running.join_next().await {
        done??;
    }
    Ok(accepted.load(Ordering::Relaxed) as f64 / WINDOW.as_secs_f64())
}

/// Jobs run a second from a backlog, without the first tenth.
pub async fn drain(mut storage: Storage) -> Result<Value> {
    for first in (0..BACKLOG).step_by(BULK as usize) {
        let last = (first + BULK).min(BACKLOG);
        storage.push_bulk((first..last).map(Job::new).collect()).await?;
    }
    let mut runs = start_worker(storage);
    let mut stamps = Vec::new();
    for _ in 0..BACKLOG {
        stamps.push(next(&mut runs).await?.1);
    }
    let skipped = BACKLOG / 10;
    let took = stamps[BACKLOG as usize - 1] - stamps[skipped as usize];
    Ok(json!({ "drain_per_s": (BACKLOG - skipped) as f64 / took.as_secs_f64() }))
}

/// From the moment a push was due until the job's handler runs, at 200 jobs a second.
pub async fn pickup(storage: Storage) -> Result<Value> {
    let mut runs = start_worker(storage.clone());
    let count = WARM_JOBS + PICKUP_JOBS;
    let start = Instant::now() + Duration::from_millis(100);
    let due = move |index: u64| start + Duration::from_secs_f64(index as f64 / RATE);
    let failed = Arc::new(Mutex::new(None));
    for index in 0..count {
        time::sleep_until(due(index).into()).await;
        let (mut storage, failed) = (storage.clone(), failed.clone());
        tokio::spawn(async move {
            if let Err(error) = storage.push(Job::new(index)).await {
                failed.lock().expect("no panic while held").get_or_insert(error.to_string());
            }
        });
    }
    let mut waits = Vec::new();
    for _ in 0..count {
        let (index, at) =
            next(&mut runs).await.with_context(|| format!("a push said {failed:?}"))?;
        if index >= WARM_JOBS {
            waits.push((at - due(index)).as_secs_f64() * 1000.0);
        }
    }
    waits.sort_by(f64::total_cmp);
    Ok(json!({
        "pickup_p50_ms": waits[waits.len() / 2],
        "pickup_p99_ms": waits[waits.len() * 99 / 100],
    }))
}

type Runs = mpsc::UnboundedReceiver<(u64, Instant)>;

/// A worker whose handler only tells which job ran and when.
fn start_worker(storage: Storage) -> Runs {
    let (tell, runs) = mpsc::unbounded_channel();
    work(storage, move |index| {
        // Nobody listens once the figures are made.
        let _ = tell.send((index, Instant::now()));
    });
    runs
}

async fn next(runs: &mut Runs) -> Result<(u64, Instant)> {
    time::timeout(PATIENCE, runs.recv())
        .await
        .context("no job ran for half a minute")?
        .context("the worker ended")
}
