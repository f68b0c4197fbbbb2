//! Queues of others.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::script::{run, set_up};

/// How long one round of a peer may take, its start included.
const LIMIT: Duration = Duration::from_secs(120);

/// What one round of a peer found; what was not measured is absent.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct QueueFigures {
    /// Its version.
    pub(crate) version: String,
    /// Where an accepted job is: `memory`, `page cache` or `fsync`.
    pub(crate) promise: String,
    /// Jobs submitted one by one.
    pub(crate) enqueue_per_s: Option<f64>,
    /// Jobs submitted in bulk.
    pub(crate) bulk_per_s: Option<f64>,
    /// Jobs run from a prepared backlog.
    pub(crate) drain_per_s: Option<f64>,
    /// From submitted to started, the median.
    pub(crate) pickup_p50_ms: Option<f64>,
    /// From submitted to started, what 99 of 100 do not exceed.
    pub(crate) pickup_p99_ms: Option<f64>,
}

/// Measures one round of a peer in a profile (`plain`, or one that the peer's script knows): `enqueue`, `bulk`,
/// `drain`, `pickup` or `all`; its data lies below `work` meanwhile. An error is why not, in one line.
pub(crate) async fn measure_queue(
    peer: &str,
    profile: &str,
    measure: &str,
    work: &Path,
) -> Result<QueueFigures, String> {
    set_up(peer).await?;
    let printed = run("run.sh", &[peer, profile, measure], LIMIT, Some(work)).await?;
    let line = printed.lines().rev().find(|line| line.trim_start().starts_with('{'));
    let line = line.ok_or_else(|| format!("{peer} printed no figures"))?;
    serde_json::from_str(line).map_err(|error| format!("{peer} printed no figures: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_is_absent() {
        let line = r#"{"peer":"arq","version":"0.28","promise":"memory","enqueue_per_s":4200.5}"#;
        let figures: QueueFigures = serde_json::from_str(line).unwrap();
        assert_eq!(figures.enqueue_per_s, Some(4200.5));
        assert_eq!(figures.drain_per_s, None);
    }
}
