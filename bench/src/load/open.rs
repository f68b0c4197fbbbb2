//! The open load.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Measured, Operation, Plan, gather};

/// Starts operations as planned, each on the next free connection. An operation that finds none free waits, and the
/// wait counts. Gives the connections back.
pub(crate) async fn open<O: Operation>(operations: Vec<O>, plan: Plan) -> (Vec<O>, Measured) {
    // Room for the whole plan: the pace must not depend on the system.
    let (sender, receiver) = mpsc::channel(plan.count() as usize);
    let receiver = Arc::new(Mutex::new(receiver));
    let start = Instant::now() + Duration::from_millis(20);
    // A thread of its own: the runtime's timers are good to a millisecond only.
    let pacer = std::thread::spawn(move || pace(start, plan, &sender));
    let mut tasks = JoinSet::new();
    for operation in operations {
        tasks.spawn(take_turns(operation, Arc::clone(&receiver)));
    }
    let gathered = gather(tasks, start).await;
    // It ended before its channel did.
    let _ = pacer.join();
    gathered
}

fn pace(start: Instant, plan: Plan, sender: &mpsc::Sender<Instant>) {
    for offset in plan.starts() {
        let intended = start + offset;
        std::thread::sleep(intended.saturating_duration_since(Instant::now()));
        if sender.blocking_send(intended).is_err() {
            return;
        }
    }
}

async fn take_turns<O: Operation>(
    mut operation: O,
    starts: Arc<Mutex<mpsc::Receiver<Instant>>>,
) -> (O, Measured) {
    let mut measured = Measured::new();
    loop {
        let next = starts.lock().await.recv().await;
        let Some(intended) = next else { return (operation, measured) };
        let outcome = operation.run(intended).await;
        measured.note(outcome, intended.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Is slow once, at the beginning.
    struct Stalls(bool);

    impl Operation for Stalls {
        async fn run(&mut self, _: Instant) -> anyhow::Result<u64> {
            if std::mem::take(&mut self.0) {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Ok(1)
        }
    }

    #[tokio::test]
    async fn a_stall_counts_for_all_that_should_have_started_meanwhile() {
        let plan = Plan::steady(100.0, Duration::from_millis(400));
        let (_, measured) = open(vec![Stalls(true)], plan).await;
        assert_eq!(measured.done, 40);
        // Twenty operations fall into the stall and wait 100 ms on average: half of all are slow.
        let found = measured.latencies.ms(0.6);
        assert!(found > Some(20.0), "{found:?}");
    }
}
