//! Many streams at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::time::Instant;

use super::reader::Reader;
use crate::benches::subject::Subject;
use crate::http::Connection;
use crate::load::{Latencies, Measured, Operation, Plan, open};
use crate::mock::{GAP, now_ns};

/// A gap so much longer than planned is a stall: a person sees it.
const STALL: Duration = Duration::from_millis(100);

/// What was found of all streams.
pub(super) struct Found {
    /// From when a stream was due until its first token.
    pub(super) first: Latencies,
    /// From when a token was sent until it arrived.
    pub(super) way: Latencies,
    /// Between arrivals of one stream.
    pub(super) gap: Latencies,
    /// Gaps that were stalls.
    pub(super) stalls: u64,
}

/// Connections that are made already: each has carried a short stream.
pub(super) async fn made(subject: &Subject, count: usize) -> anyhow::Result<Vec<Connection>> {
    let short = chat(subject, 4);
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        let mut connection = Connection::new(subject.address);
        connection.call(&short).await?.expect(200)?;
        all.push(connection);
    }
    Ok(all)
}

/// Connections that are not made yet.
pub(super) fn new(subject: &Subject, count: usize) -> Vec<Connection> {
    (0..count).map(|_| Connection::new(subject.address)).collect()
}

/// Opens streams as planned, each of so many tokens, over these connections.
pub(super) async fn streams(
    connections: Vec<Connection>,
    subject: &Subject,
    tokens: u32,
    plan: Plan,
) -> anyhow::Result<(Measured, Found)> {
    let request = chat(subject, tokens);
    let empty =
        Found { first: Latencies::new(), way: Latencies::new(), gap: Latencies::new(), stalls: 0 };
    let found = Arc::new(Mutex::new(empty));
    let all = connections.into_iter().map(|connection| Stream {
        connection,
        request: request.clone(),
        tokens: tokens as usize,
        found: Arc::clone(&found),
    });
    let (connections, measured) = open(all.collect(), plan).await;
    drop(connections);
    let measured = measured.faultless("streams")?;
    let found = Arc::into_inner(found).and_then(|found| found.into_inner().ok());
    let found =
        found.ok_or_else(|| anyhow::anyhow!("a stream broke off in the middle of its notes"))?;
    Ok((measured, found))
}

fn chat(subject: &Subject, tokens: u32) -> Bytes {
    subject.chat(&json!({
        "model": subject.model, "stream": true, "max_tokens": tokens,
        "messages": [{"role": "user", "content": "x".repeat(900)}],
    }))
}

struct Stream {
    connection: Connection,
    request: Bytes,
    tokens: usize,
    found: Arc<Mutex<Found>>,
}

/// One stream's times; they are handed over at its end, so that streams do not wait for each other.
#[derive(Default)]
struct Notes {
    first: Option<Duration>,
    ways: Vec<Duration>,
    gaps: Vec<Duration>,
}

impl Operation for Stream {
    async fn run(&mut self, intended: Instant) -> anyhow::Result<u64> {
        let status = self.connection.open(&self.request).await?;
        let mut notes = Notes::default();
        let (mut reader, mut last) = (Reader::default(), None::<Instant>);
        let mut refusal = Vec::new();
        while let Some(piece) = self.connection.chunk().await? {
            let (now, now_ns) = (Instant::now(), now_ns());
            if status != 200 {
                refusal.extend_from_slice(&piece);
                continue;
            }
            let stamps = reader.take(&piece);
            if stamps.is_empty() {
                continue;
            }
            notes.first.get_or_insert_with(|| now.saturating_duration_since(intended));
            notes.gaps.extend(last.map(|last| now - last));
            last = Some(now);
            let ways = stamps.iter().map(|sent| Duration::from_nanos(now_ns.saturating_sub(*sent)));
            notes.ways.extend(ways);
        }
        anyhow::ensure!(
            status == 200,
            "answered with {status}: {}",
            String::from_utf8_lossy(&refusal)
        );
        let arrived = notes.ways.len();
        anyhow::ensure!(arrived == self.tokens, "{arrived} of {} tokens arrived", self.tokens);
        self.hand_over(&notes);
        Ok(1)
    }
}

impl Stream {
    fn hand_over(&self, notes: &Notes) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = notes.first {
            found.first.record(first);
        }
        for way in &notes.ways {
            found.way.record(*way);
        }
        for gap in &notes.gaps {
            found.gap.record(*gap);
            found.stalls += u64::from(*gap > GAP + STALL);
        }
    }
}
