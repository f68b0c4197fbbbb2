//! Following a job by its server-sent events.

use std::time::Duration;

use serde_json::Value;

use super::Load;
use crate::chaos::ledger::{Style, is_end};

/// How often who follows comes back when the stream breaks off.
const RETURNS: usize = 4;
const PAUSE: Duration = Duration::from_millis(300);

impl Load {
    /// Follows a job to its end, by one gateway after the other, and tells whether the first stream reached it.
    pub(super) async fn follow(&self, number: usize, marker: &str, id: &str) -> bool {
        for turn in 0..RETURNS {
            let (caller, gateway) = self.turn(number + turn);
            let heard = caller.get(&format!("/v1/jobs/{id}/events")).await;
            let mut newest = 0;
            let mut has_ended = false;
            for job in jobs_of(&heard.text()) {
                let version = job["version"].as_u64().unwrap_or_default();
                if version <= newest || has_ended {
                    let seen = format!("the stream of '{marker}' went on after version {newest}");
                    self.ledger.wrong(format!("{seen}: {job}"));
                }
                (newest, has_ended) = (version, is_end(job["status"].as_str().unwrap_or_default()));
                self.saw(marker, heard.asked(), &job);
            }
            if heard.is(404) {
                self.ledger.wrong(format!("'{marker}' was accepted, and can not be followed"));
            }
            let how = if has_ended { "end" } else { "broken off" };
            self.ledger.answered(Style::Followed, gateway, how, has_ended);
            if has_ended {
                return turn == 0;
            }
            tokio::time::sleep(PAUSE).await;
        }
        false
    }
}

/// The jobs that a stream of events shows; what broke off in the middle is left out.
fn jobs_of(stream: &str) -> Vec<Value> {
    let lines = stream.lines().filter_map(|line| line.strip_prefix("data:"));
    let shown = lines.filter_map(|line| serde_json::from_str::<Value>(line.trim()).ok());
    shown.filter_map(|mut data| data.pointer_mut("/data/job").map(Value::take)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_shows_jobs_and_progress_is_none() {
        let stream = "id: 1\nevent: job.queued\ndata: {\"data\":{\"job\":{\"version\":1}}}\n\n\
                      event: job.progress\ndata: {\"progress\":0.3}\n\n: still there\n\n\
                      id: 2\nevent: job.started\ndata: {\"data\":{\"job\":{\"ver";
        assert_eq!(jobs_of(stream), [serde_json::json!({"version": 1})]);
    }
}
