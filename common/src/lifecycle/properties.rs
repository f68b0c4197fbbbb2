//! The stop of a process under any order of events.

use std::future::pending;

use proptest::prelude::*;

use super::*;

const GRACE: Duration = Duration::from_secs(30);

/// How a task behaves.
#[derive(Clone, Copy, Debug)]
enum Task {
    /// Ends by itself after so many seconds.
    Ends(u64),
    Fails(u64),
    Panics(u64),
    /// Ends at the soft stop, or so many seconds after it.
    Soft(u64),
    Hard(u64),
    /// Hears of nothing.
    Deaf,
}

/// What is asked of the process, and when.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Stop(u64),
    Hard(u64),
    Fail(u64),
}

fn task() -> impl Strategy<Value = Task> {
    let seconds = || 0_u64..50;
    prop_oneof![
        seconds().prop_map(Task::Ends),
        seconds().prop_map(Task::Fails),
        seconds().prop_map(Task::Panics),
        seconds().prop_map(Task::Soft),
        seconds().prop_map(Task::Hard),
        Just(Task::Deaf),
    ]
}

fn asked() -> impl Strategy<Value = Asked> {
    let seconds = || 0_u64..100;
    prop_oneof![
        seconds().prop_map(Asked::Stop),
        seconds().prop_map(Asked::Hard),
        seconds().prop_map(Asked::Fail),
    ]
}

async fn after(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn spawn(lifecycle: &Lifecycle, task: Task) {
    let (soft, hard) = (lifecycle.soft(), lifecycle.hard());
    lifecycle.spawn("task", async move {
        match task {
            Task::Ends(seconds) => after(seconds).await,
            Task::Fails(seconds) => {
                after(seconds).await;
                anyhow::bail!("it fails");
            }
            Task::Panics(seconds) => {
                after(seconds).await;
                std::panic::resume_unwind(Box::new("it panics"));
            }
            Task::Soft(seconds) => {
                soft.cancelled().await;
                after(seconds).await;
            }
            Task::Hard(seconds) => {
                hard.cancelled().await;
                after(seconds).await;
            }
            Task::Deaf => pending().await,
        }
        Ok(())
    });
}

/// Lives a whole process; checks on the way and returns its end.
async fn live(tasks: &[Task], asked: &[Asked]) -> Result<(), TestCaseError> {
    let lifecycle = Lifecycle::new();
    for task in tasks {
        spawn(&lifecycle, *task);
    }
    let begin = tokio::time::Instant::now();
    let watched = lifecycle.clone();
    let last_word = asked.iter().map(|asked| match asked {
        Asked::Stop(at) | Asked::Hard(at) | Asked::Fail(at) => *at,
    });
    // Somebody stops it in the end.
    let last_word = last_word.max().unwrap_or(0) + 1;
    let words = asked.iter().map(|asked| async {
        match *asked {
            Asked::Stop(at) => {
                after(at).await;
                lifecycle.request_stop("asked");
            }
            Asked::Hard(at) => {
                after(at).await;
                lifecycle.hard().cancel();
            }
            Asked::Fail(at) => {
                after(at).await;
                lifecycle.fail("told to fail");
            }
        }
    });
    let end = async {
        after(last_word).await;
        lifecycle.request_stop("the end");
    };
    let soft_at = async {
        watched.soft().cancelled().await;
        tokio::time::Instant::now()
    };
    let ended = async {
        let status = lifecycle.run(GRACE).await;
        (status, tokio::time::Instant::now())
    };
    let ((status, ended), soft_at, (), _) =
        tokio::join!(ended, soft_at, end, futures::future::join_all(words));

    prop_assert!(soft_at - begin <= Duration::from_secs(last_word));
    let took = ended - soft_at;
    prop_assert!(took <= GRACE + HARD_GRACE + ABANDON_GRACE, "{:?}", took);
    prop_assert!(lifecycle.soft().is_cancelled() && lifecycle.hard().is_cancelled());
    // A failure is never forgotten, and there is none without a cause.
    let told_to_fail = asked
        .iter()
        .any(|asked| matches!(asked, Asked::Fail(at) if begin + Duration::from_secs(*at) < ended));
    prop_assert!(!(told_to_fail && status.is_success()));
    let may_fail = tasks.iter().any(|task| {
        matches!(task, Task::Fails(_) | Task::Panics(_) | Task::Deaf)
            || matches!(task, Task::Ends(s) | Task::Soft(s) | Task::Hard(s) if *s >= HARD_GRACE.as_secs())
    }) || asked.iter().any(|asked| matches!(asked, Asked::Fail(_)));
    prop_assert!(status.is_success() || may_fail, "{:?}", status);
    if tasks.iter().any(|task| matches!(task, Task::Deaf)) {
        prop_assert!(!status.is_success());
    }
    prop_assert!(lifecycle.0.running.to_string().is_empty(), "{}", lifecycle.0.running);
    Ok(())
}

proptest! {
    #[test]
    fn every_process_ends_in_time_and_tells_how(
        tasks in proptest::collection::vec(task(), 0..6),
        asked in proptest::collection::vec(asked(), 0..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(live(&tasks, &asked))?;
    }
}
