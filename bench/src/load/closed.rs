//! The closed load.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Measured, Operation, gather};

/// Every connection asks as soon as it is answered, for so long. Gives the connections back.
pub(crate) async fn closed<O: Operation>(
    operations: Vec<O>,
    lasting: Duration,
) -> (Vec<O>, Measured) {
    let start = Instant::now();
    let end = start + lasting;
    let mut tasks = JoinSet::new();
    for mut operation in operations {
        tasks.spawn(async move {
            let mut measured = Measured::new();
            let mut begun = Instant::now();
            // A connection that only fails must not spin.
            while begun < end && measured.failed < 100 {
                let outcome = operation.run(begun).await;
                let now = Instant::now();
                measured.note(outcome, now - begun);
                begun = now;
            }
            (operation, measured)
        });
    }
    gather(tasks, start).await
}
