//! The short form of the chaos suite: one seed. `make chaos` runs many.

use std::time::Duration;

use tests::chaos::Chaos;

/// What the faults follow from; TEST_SEED sets another one.
const SEED: u64 = 4;
/// How long there are faults.
const SPAN: Duration = Duration::from_secs(12);

#[tokio::test]
async fn nothing_that_was_promised_is_lost_in_a_cluster_that_breaks() {
    let seed = std::env::var("TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let folder = tempfile::tempdir().unwrap();
    let chaos = Chaos { seed, span: SPAN, folder: folder.path().join("run") };
    let report = chaos.run().await.unwrap();
    println!("{}\n{report}", report.plan.join("\n"));
    assert!(report.is_clean(), "the plan of seed {seed}:\n{}\n{report}", report.plan.join("\n"));
    assert!(report.promised() > 30, "{report}");
}
