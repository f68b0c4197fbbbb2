//! Prepares a backlog by the bulk route.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::task::JoinSet;

use crate::http::{Connection, request};
use crate::system::System;

/// Jobs of one request, and requests at once.
const BATCH: usize = 500;
const CONNECTIONS: usize = 4;

/// Ids of one batch that are kept.
const KEPT: usize = 32;

/// Submits so many copies of a job; every one of them must be accepted. Gives the ids of some, spread over all.
pub(super) async fn fill(
    system: &System,
    job: &serde_json::Value,
    count: usize,
) -> anyhow::Result<Vec<String>> {
    let batch = |jobs: usize| {
        let body = serde_json::json!({"jobs": vec![job; jobs]}).to_string();
        request("POST", "/v1/jobs/batch", system.key(), body.as_bytes())
    };
    let (whole, rest) = (batch(BATCH), count % BATCH);
    let left = Arc::new(AtomicUsize::new(count / BATCH));
    let address = system.address()?;
    let mut tasks = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (mut connection, left, whole) =
            (Connection::new(address), Arc::clone(&left), whole.clone());
        tasks.spawn(async move {
            let one_less = |left: usize| left.checked_sub(1);
            let mut known = Vec::new();
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok() {
                known.extend(send(&mut connection, &whole, BATCH).await?);
            }
            anyhow::Ok(known)
        });
    }
    let mut known = Vec::new();
    while let Some(done) = tasks.join_next().await {
        known.extend(done??);
    }
    if rest > 0 {
        known.extend(send(&mut Connection::new(address), &batch(rest), rest).await?);
    }
    Ok(known)
}

/// So many of these, spread evenly over all; all, when there are fewer.
pub(super) fn spread(ids: Vec<String>, count: usize) -> Vec<String> {
    if ids.len() <= count {
        return ids;
    }
    (0..count).map(|index| ids[index * ids.len() / count].clone()).collect()
}

/// An error when one of these jobs has not succeeded: what fails at once is fast, and nothing worth.
pub(super) async fn all_succeeded(system: &System, ids: &[String]) -> anyhow::Result<()> {
    let mut connection = Connection::new(system.address()?);
    for id in ids {
        let request = request("GET", &format!("/v1/jobs/{id}"), system.key(), b"");
        let job = connection.call(&request).await?.expect(200)?.json()?;
        anyhow::ensure!(job["status"] == "succeeded", "a job did not succeed: {job}");
    }
    Ok(())
}

/// Sends one batch, and gives the ids of some of its jobs.
async fn send(
    connection: &mut Connection,
    request: &Bytes,
    jobs: usize,
) -> anyhow::Result<Vec<String>> {
    let answer = connection.call(request).await?.expect(200)?;
    let refused = format!("\"accepted\":{jobs},\"refused\":0");
    let text = String::from_utf8_lossy(&answer.body);
    anyhow::ensure!(
        text.contains(&refused),
        "not every job of a batch was accepted: {}",
        tail(&text)
    );
    Ok(answer.ids().take(KEPT).collect())
}

/// The end of a long answer, which has the counts.
fn tail(text: &str) -> &str {
    let start = text.char_indices().rev().nth(300).map_or(0, |(index, _)| index);
    &text[start..]
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn ids_are_taken_from_everywhere() {
        let ids: Vec<String> = (0..10).map(|id| id.to_string()).collect();
        assert_eq!(spread(ids.clone(), 3), ["0", "3", "6"]);
        assert_eq!(spread(ids.clone(), 20), ids);
    }
}
