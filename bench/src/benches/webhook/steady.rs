//! How soon a webhook arrives when there is little to do: from the moment at which its job was due to be submitted.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::{Crowd, Receivers, job, start};
use crate::context::Context;
use crate::http::{Connection, request};
use crate::load::{Latencies, Operation, Plan, open};
use crate::report::Sheet;
use crate::system::Role;

/// Jobs a second, to the receivers in turn. Slow receivers want 600 deliveries under way then, 30 each: more than the
/// dispatcher makes at once, in all (256) and to one receiver (10).
const RATE: f64 = 300.0;
/// What a caller takes for prompt.
const PROMPT: Duration = Duration::from_secs(1);
/// For how long; a trial must reach every receiver once.
const LASTING: Duration = Duration::from_secs(8);
/// Connections of the callers.
const CONNECTIONS: usize = 16;
/// How long the last deliveries may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Submits the next job.
struct Submit {
    connection: Connection,
    shared: Arc<Shared>,
}

struct Shared {
    requests: Vec<Bytes>,
    next: AtomicUsize,
    due: Mutex<Vec<Option<Instant>>>,
}

impl Operation for Submit {
    async fn run(&mut self, intended: Instant) -> anyhow::Result<u64> {
        let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
        self.shared.due.lock().unwrap_or_else(PoisonError::into_inner)[number] = Some(intended);
        self.connection.call(&self.shared.requests[number]).await?.expect(202)?;
        Ok(1)
    }
}

/// One round.
pub(super) async fn measure(
    context: &Context,
    sheet: &mut Sheet,
    crowd: Crowd,
) -> anyhow::Result<()> {
    let mut system = start(context).await?;
    system.add(Role::Dispatcher).await?;
    let receivers = Receivers::start(&crowd.kinds()).await?;
    let plan = Plan::steady(RATE, context.scale.pick(LASTING, Duration::from_secs(1)));
    let count = plan.count() as usize;
    let submit = |number| {
        let body = job(&receivers, number).to_string();
        request("POST", "/v1/jobs", system.key(), body.as_bytes())
    };
    let shared = Arc::new(Shared {
        requests: (0..count).map(submit).collect(),
        next: AtomicUsize::new(0),
        due: Mutex::new(vec![None; count]),
    });
    let address = system.address()?;
    let callers = (0..CONNECTIONS)
        .map(|_| Submit { connection: Connection::new(address), shared: Arc::clone(&shared) });
    let (_, submitted) = open(callers.collect(), plan).await;
    submitted.faultless("submits with webhooks")?;
    // The first of each receiver make its connection; they are what a warm-up is elsewhere.
    let warm = context.scale.pick(2 * crowd.kinds().len(), 0);
    let counts = |number: usize| number >= warm && crowd.watches(number);
    let wanted = (0..count).filter(|number| counts(*number)).count();
    let arrived = receivers.arrivals.wait(wanted, PATIENCE, counts).await?;
    let (mut latencies, mut prompt) = (Latencies::new(), 0_u32);
    let due = shared.due.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for (number, at) in arrived {
        if let Some(due) = due[number] {
            latencies.record(at - due);
            prompt += u32::from(at - due <= PROMPT);
        }
    }
    for (percent, quantile) in [(50, 0.5), (99, 0.99)] {
        sheet.pool(&row(percent, crowd), quantile, &latencies, None);
    }
    let share = f64::from(prompt) * 100.0 / latencies.len().max(1) as f64;
    sheet.add(&in_time(crowd), "%", share);
    drop(receivers);
    system.stop().await;
    Ok(())
}

/// The row of a quantile.
pub(super) fn row(percent: u32, crowd: Crowd) -> String {
    format!("submit to arrival at {RATE:.0}/s, p{percent}: {}", crowd.words())
}

/// The row of those that were prompt.
pub(super) fn in_time(crowd: Crowd) -> String {
    format!("arrived within a second at {RATE:.0}/s: {}", crowd.words())
}
