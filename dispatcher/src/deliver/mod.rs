//! One attempt: sign, post, read the beginning of the answer.

use std::collections::BTreeMap;
use std::time::Duration;

use common::clock::{SharedClock, Timestamp};
use common::webhook::{Delivery, SigningKeys};
use reqwest::header::RETRY_AFTER;
use tokio::time::Instant;
use url::Url;

use crate::guard::{Guard, SendError};
use crate::sign;

/// How much of an answer is read at most; the connection of a longer one is closed.
const READ_LIMIT: usize = 64 * 1024;

/// Makes attempts.
pub(crate) struct Deliverer {
    guard: Guard,
    clock: SharedClock,
    total_timeout: Duration,
    log_bytes: usize,
}

/// An attempt that was made.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) at: Timestamp,
    pub(crate) duration: Duration,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) result: Result<Answer, SendError>,
}

/// What the receiver answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    /// The beginning of the body as text.
    pub(crate) body: String,
}

impl Deliverer {
    /// `total_timeout` bounds an attempt with everything in it; `log_bytes` is how much of an answer is kept.
    pub(crate) fn new(
        guard: Guard,
        clock: SharedClock,
        total_timeout: Duration,
        log_bytes: usize,
    ) -> Self {
        Self { guard, clock, total_timeout, log_bytes }
    }

    /// Makes one attempt. Never fails: what went wrong is the attempt's result.
    pub(crate) async fn attempt(
        &self,
        delivery: &Delivery,
        url: &Url,
        keys: &SigningKeys,
    ) -> Attempt {
        let at = self.clock.now();
        let headers = sign::headers(delivery, keys, at);
        let start = Instant::now();
        let result = self.post(url, &headers, delivery.body.clone()).await;
        Attempt { at, duration: start.elapsed(), headers, result }
    }

    /// An attempt that failed before anything could be sent.
    pub(crate) fn refused(&self, error: SendError) -> Attempt {
        Attempt {
            at: self.clock.now(),
            duration: Duration::ZERO,
            headers: BTreeMap::new(),
            result: Err(error),
        }
    }

    async fn post(
        &self,
        url: &Url,
        headers: &BTreeMap<String, String>,
        body: String,
    ) -> Result<Answer, SendError> {
        let deadline = Instant::now() + self.total_timeout;
        let mut response = tokio::time::timeout_at(deadline, self.guard.post(url, headers, body))
            .await
            .map_err(|_| SendError::TimedOut)??;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        // The status is the answer. A body that is slow, endless or cut off takes nothing away from it.
        let mut read = 0;
        let mut kept = Vec::new();
        while read < READ_LIMIT {
            let Ok(Ok(Some(chunk))) = tokio::time::timeout_at(deadline, response.chunk()).await
            else {
                break;
            };
            read += chunk.len();
            let room = self.log_bytes.saturating_sub(kept.len());
            kept.extend_from_slice(&chunk[..chunk.len().min(room)]);
        }
        Ok(Answer { status, retry_after, body: as_text(&kept, self.log_bytes) })
    }
}

/// Bytes as text of at most `limit` bytes that is harmless to store and show: what is not text is marked.
fn as_text(bytes: &[u8], limit: usize) -> String {
    let mut text = String::new();
    for char in String::from_utf8_lossy(bytes).chars() {
        let control = char.is_control() && !matches!(char, '\n' | '\r' | '\t');
        let char = if control { char::REPLACEMENT_CHARACTER } else { char };
        if text.len() + char.len_utf8() > limit {
            break;
        }
        text.push(char);
    }
    text
}

#[cfg(test)]
mod tests;
