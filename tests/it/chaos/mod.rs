//! The short form of the chaos suite: one seed. `make chaos` runs many.

use std::time::Duration;

use tests::chaos::{Chaos, mount_apart};
use tokio_util::sync::CancellationToken;

/// What the faults follow from; TEST_SEED sets another one.
const SEED: u64 = 5;
/// How long there are faults.
const SPAN: Duration = Duration::from_secs(12);

#[tokio::test]
async fn nothing_that_was_promised_is_lost_in_a_cluster_that_breaks() {
    let seed = std::env::var("TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    // Before anything is started by this thread.
    mount_apart();
    let mut folder = tempfile::tempdir().unwrap();
    let chaos = Chaos { seed, span: SPAN, folder: folder.path().join("run") };
    // What is dropped while a test fails is kept.
    folder.disable_cleanup(true);
    let report = chaos.run(&CancellationToken::new()).await.unwrap().expect("nobody stops it");
    let logs = chaos.folder.display();

    let plan = report.plan.join("\n");
    assert!(report.is_clean(), "logs are in {logs}; the plan of seed {seed}:\n{plan}\n{report}");
    assert!(report.promised() > 30, "logs are in {logs}: {report}");
    folder.disable_cleanup(false);
    folder.close().expect("nothing is left that runs there or is mounted");
}
