//! Whether a test leaves work behind that nobody settled.

use std::time::Duration;

use futures::TryStreamExt;
use tokio::time::Instant;

use crate::sentinel::work_in;

/// How long acks that are on their way are waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Panics when JOBS, CALLS, DELAYS or WEBHOOKS hold messages and do not get rid of them. Blocks; for `drop`.
pub(crate) fn assert_settled(url: &str) {
    let url = url.to_owned();
    // A thread of its own: the caller's runtime is blocked by the `drop` that asks.
    let looked = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime can be started").block_on(look(&url))
    });
    let left = looked.join().expect("looking at the streams does not panic");
    assert!(left.is_empty(), "messages were left unsettled: {}", left.join(", "));
}

async fn look(url: &str) -> Vec<String> {
    let Ok(client) = async_nats::connect(url).await else {
        return vec!["the broker does not answer".to_owned()];
    };
    let jetstream = async_nats::jetstream::new(client);
    let until = Instant::now() + PATIENCE;
    loop {
        let left = left(&jetstream).await;
        if matches!(&left, Ok(left) if left.is_empty()) || Instant::now() > until {
            return left.unwrap_or_else(|error| vec![error]);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn left(jetstream: &async_nats::jetstream::Context) -> Result<Vec<String>, String> {
    let streams: Vec<_> = jetstream.streams().try_collect().await.map_err(|e| e.to_string())?;
    let mut left = Vec::new();
    for info in streams.into_iter().filter(|info| info.state.messages > 0) {
        let name = info.config.name;
        let count = if name.starts_with("JOBS_") {
            jobs(jetstream, &name).await.map_err(|e| e.to_string())?
        } else if name.starts_with("CALLS_") || name == "DELAYS" || name == "WEBHOOKS" {
            info.state.messages
        } else {
            0
        };
        if count > 0 {
            left.push(format!("{count} in {name}"));
        }
    }
    Ok(left)
}

/// The messages of a queue of jobs that are no sentinel.
async fn jobs(jetstream: &async_nats::jetstream::Context, name: &str) -> anyhow::Result<u64> {
    let work = work_in(&jetstream.get_stream(name).await?).await?;
    Ok(work.into_iter().map(|(_, count)| count as u64).sum())
}
