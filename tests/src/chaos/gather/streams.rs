//! What lies in the streams, and whether they are whole.

use async_nats::jetstream::stream::{Info, RawMessageError, RawMessageErrorKind, Stream};
use async_nats::jetstream::{self, ErrorCode};
use futures::TryStreamExt as _;
use serde_json::Value;

use crate::chaos::cluster::NODES;
use crate::sentinel::work_in;

/// Work queues that must be there, whether or not the list of streams names them.
const QUEUES: [&str; 6] =
    ["JOBS_diagnostic", "JOBS_llm", "CALLS_diagnostic", "CALLS_llm", "DELAYS", "WEBHOOKS"];
/// The other streams that must be there.
const OTHERS: [&str; 4] = ["JOB_EVENTS", "DEAD_JOBS", "DELIVERIES", "LIMITS"];

/// How the streams are.
#[derive(Debug, Default)]
pub(super) struct State {
    /// A line for each work queue that is not empty.
    pub(super) left: Vec<String>,
    /// A line for each stream that is not there, does not answer, or has too few whole copies.
    pub(super) trouble: Vec<String>,
}

/// Asks every stream by its name: a list leaves out those whose leader is silent.
pub(super) async fn state(jetstream: &jetstream::Context) -> State {
    let mut state = State::default();
    for name in QUEUES.into_iter().chain(OTHERS) {
        let info = async { anyhow::Ok(jetstream.get_stream(name).await?.get_info().await?) };
        let info = match info.await {
            Ok(info) => info,
            Err(error) => {
                state.trouble.push(format!("{name} does not answer: {error}"));
                continue;
            }
        };
        let whole = copies(&info);
        if whole < NODES {
            let others = others(&info);
            state.trouble.push(format!("{name} has {whole} whole copies of {NODES}: {others}"));
        }
        if QUEUES.contains(&name) && info.state.messages > 0 {
            let details = details(jetstream, name)
                .await
                .unwrap_or_else(|error| Some(format!("of which nothing is told: {error}")));
            let (count, last) = (info.state.messages, info.state.last_sequence);
            let line = |details| format!("{count} in {name} (to {last}): {details}");
            state.left.extend(details.map(line));
        }
    }
    state
}

/// How many servers have all of a stream, its leader included.
fn copies(info: &Info) -> usize {
    let Some(cluster) = &info.cluster else { return 1 };
    let whole = cluster.replicas.iter().filter(|peer| peer.current && !peer.offline);
    usize::from(cluster.leader.is_some()) + whole.count()
}

/// What the leader of a stream knows of the other copies.
fn others(info: &Info) -> String {
    let peers = info.cluster.iter().flat_map(|cluster| &cluster.replicas).map(|peer| {
        let (name, active, lag) = (&peer.name, peer.active, peer.lag.unwrap_or_default());
        let state = match (peer.offline, peer.current) {
            (true, _) => "offline",
            (false, true) => "whole",
            (false, false) => "behind",
        };
        format!("{name} is {state}, was heard {active:?} ago, lacks {lag}")
    });
    peers.collect::<Vec<_>>().join("; ")
}

/// Enough to see why nobody takes what lies in a queue; nothing, when that is its sentinel alone.
async fn details(jetstream: &jetstream::Context, name: &str) -> anyhow::Result<Option<String>> {
    let stream = jetstream.get_stream(name).await?;
    let work = work_in(&stream).await?;
    if work.is_empty() {
        return Ok(None);
    }
    let subjects: Vec<_> = work.into_iter().map(|(subject, _)| subject).take(10).collect();
    let consumers: Vec<_> = stream.consumers().try_collect().await?;
    let consumers = consumers.into_iter().filter_map(|info| {
        let (name, waiting, unacked) = (info.name, info.num_pending, info.num_ack_pending);
        let (at, floor) = (info.delivered.stream_sequence, info.ack_floor.stream_sequence);
        (waiting > 0 || unacked > 0).then(|| {
            format!("{name}: {waiting} waiting, {unacked} not acked, delivered to {at}, acked to {floor}")
        })
    });
    let consumers = consumers.collect::<Vec<_>>().join("; ");
    Ok(Some(format!("{} ({consumers})", subjects.join(", "))))
}

/// Every message of a stream as JSON, oldest first. Each is asked of the leader: a consumer may be led by a server whose
/// copy lags behind.
pub(super) async fn contents(
    jetstream: &jetstream::Context,
    name: &str,
) -> anyhow::Result<Vec<Value>> {
    let stream: Stream = jetstream.get_stream(name).await?;
    let mut found = Vec::new();
    let mut next = stream.get_info().await?.state.first_sequence;
    loop {
        match stream.get_first_raw_message_by_subject(">", next).await {
            Ok(message) => {
                found.push(serde_json::from_slice(&message.payload)?);
                next = message.sequence + 1;
            }
            Err(error) if is_end(&error) => return Ok(found),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether there is no message at this sequence or after it.
fn is_end(error: &RawMessageError) -> bool {
    match error.kind() {
        RawMessageErrorKind::NoMessageFound => true,
        RawMessageErrorKind::JetStream(cause) => cause.error_code() == ErrorCode::NO_MESSAGE_FOUND,
        _ => false,
    }
}
