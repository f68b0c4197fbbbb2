//! From submitted to started, as callers see it: from the moment at which a submit was due until a follower hears that
//! the job has started. All times are of one clock. The follower is the bench itself, on the subject on which the
//! broker repeats every event after it is stored; the gateway feeds its own followers from there.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use common::bus::headers;
use futures::StreamExt as _;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::cpu::{Meter, Spent};
use crate::http::Connection;
use crate::load::{Latencies, Operation, Plan, closed, once_each, open};
use crate::system::System;

/// Where the broker repeats events.
const FEED: &str = "feed.events.*";
/// How long the last jobs may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Connections of the callers: more than are ever busy at once.
const CONNECTIONS: usize = 16;

/// What was found.
pub(super) struct Pickup {
    /// From due to accepted.
    pub(super) accepted: Latencies,
    /// From due to started.
    pub(super) started: Latencies,
    /// From due to the end of the job.
    pub(super) ended: Latencies,
    /// What the processes spent.
    pub(super) spent: Vec<Spent>,
    /// How many jobs there were.
    pub(super) jobs: u64,
}

/// When things happened, by job.
#[derive(Default)]
struct Log {
    due: HashMap<String, Instant>,
    started: HashMap<String, Instant>,
    ended: HashMap<String, Instant>,
    failed: HashSet<String>,
}

type SharedLog = Arc<Mutex<Log>>;

/// Submits these requests in turn as planned, and follows their jobs.
pub(super) async fn pickup(
    system: &System,
    requests: Vec<Bytes>,
    warm_up: Duration,
    plan: Plan,
) -> anyhow::Result<Pickup> {
    let log = SharedLog::default();
    let client = system.broker.connect().await?;
    let mut feed = client.subscribe(FEED).await?;
    client.flush().await?;
    let mut follower = JoinSet::new();
    let followed = Arc::clone(&log);
    follower.spawn(async move {
        while let Some(message) = feed.next().await {
            let now = Instant::now();
            let kind = message.headers.as_ref().and_then(|map| headers::text(map, headers::TYPE));
            note_event(&followed, &message.subject, kind.unwrap_or_default(), now);
        }
    });
    let requests: Arc<[Bytes]> = requests.into();
    let address = system.address()?;
    let submits = (0..CONNECTIONS).map(|index| Submit {
        connection: Connection::new(address),
        requests: Arc::clone(&requests),
        next: index,
        log: Arc::clone(&log),
    });
    let submits = warm(submits.collect(), warm_up).await?;
    wait_for_ends(&log).await?;
    lock(&log).due.clear();
    let meter = Meter::start(system.watched());
    let (_, measured) = open(submits, plan).await;
    wait_for_ends(&log).await?;
    let spent = meter.stop();
    let measured = measured.faultless("submits")?;
    let (started, ended) = times(&lock(&log))?;
    Ok(Pickup { jobs: measured.done, accepted: measured.latencies, started, ended, spent })
}

/// Every connection is made, then one of them is enough to wake everything up, and leaves no backlog.
async fn warm(mut submits: Vec<Submit>, lasting: Duration) -> anyhow::Result<Vec<Submit>> {
    once_each(&mut submits).await?;
    let one = submits.drain(..1).collect();
    let (one, _) = closed(one, lasting).await;
    submits.extend(one);
    Ok(submits)
}

async fn wait_for_ends(log: &SharedLog) -> anyhow::Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        let missing = {
            let log = lock(log);
            log.due.keys().filter(|id| !log.ended.contains_key(*id)).count()
        };
        if missing == 0 {
            return Ok(());
        }
        anyhow::ensure!(Instant::now() < until, "{missing} jobs did not end in time");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The times of all jobs; an error when one did not succeed, or when the broker, which need not keep what it repeats, did
/// not tell of one: the quantiles of the others would be too good.
fn times(log: &Log) -> anyhow::Result<(Latencies, Latencies)> {
    let failed = log.due.keys().filter(|id| log.failed.contains(*id)).count();
    anyhow::ensure!(failed == 0, "{failed} jobs failed");
    let (mut started, mut ended) = (Latencies::new(), Latencies::new());
    for (id, due) in &log.due {
        if let Some(at) = log.started.get(id) {
            started.record(at.saturating_duration_since(*due));
        }
        if let Some(at) = log.ended.get(id) {
            ended.record(at.saturating_duration_since(*due));
        }
    }
    let (told, jobs) = (started.len(), log.due.len() as u64);
    anyhow::ensure!(told == jobs, "of {jobs} jobs only {told} were told to have started");
    Ok((started, ended))
}

fn note_event(log: &SharedLog, subject: &str, kind: &str, now: Instant) {
    let Some(id) = subject.rsplit('.').next().map(str::to_owned) else { return };
    let mut log = lock(log);
    match kind {
        "job.started" => log.started.entry(id).or_insert(now),
        "job.succeeded" => log.ended.entry(id).or_insert(now),
        "job.failed" => {
            log.failed.insert(id.clone());
            log.ended.entry(id).or_insert(now)
        }
        _ => return,
    };
}

fn lock(log: &SharedLog) -> std::sync::MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Submits one job after the other.
struct Submit {
    connection: Connection,
    requests: Arc<[Bytes]>,
    next: usize,
    log: SharedLog,
}

impl Operation for Submit {
    async fn run(&mut self, intended: Instant) -> anyhow::Result<u64> {
        let request = &self.requests[self.next % self.requests.len()];
        // The connections step through the requests side by side, so that all are used evenly.
        self.next += CONNECTIONS;
        let answer = self.connection.call(request).await?.expect(202)?;
        let id = answer.id().context("the answer names no job")?.to_owned();
        lock(&self.log).due.insert(id, intended);
        Ok(1)
    }
}
