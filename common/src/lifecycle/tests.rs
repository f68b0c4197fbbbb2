use std::future::pending;

use super::*;

const GRACE: Duration = Duration::from_secs(30);

#[tokio::test(start_paused = true)]
async fn a_soft_stop_waits_for_what_is_in_hand() {
    let lifecycle = Lifecycle::new();
    let soft = lifecycle.soft();
    let (done, finished) = tokio::sync::oneshot::channel();
    lifecycle.spawn("work", async move {
        soft.cancelled().await;
        tokio::time::sleep(Duration::from_secs(20)).await;
        let _ = done.send(());
        Ok(())
    });
    lifecycle.request_stop("test");
    assert_eq!(lifecycle.run(GRACE).await, ExitStatus::Success);
    finished.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_hard_stop_follows_after_the_grace() {
    let lifecycle = Lifecycle::new();
    let hard = lifecycle.hard();
    let started = tokio::time::Instant::now();
    lifecycle.spawn("engine", async move {
        hard.cancelled().await;
        Ok(())
    });
    assert_eq!(lifecycle.shutdown(GRACE).await, ExitStatus::Success);
    assert_eq!(started.elapsed().as_secs(), GRACE.as_secs());
}

#[tokio::test(start_paused = true)]
async fn the_hard_stop_can_come_early() {
    let lifecycle = Lifecycle::new();
    let (hard, started) = (lifecycle.hard(), tokio::time::Instant::now());
    lifecycle.spawn("engine", async move {
        hard.cancelled().await;
        Ok(())
    });
    let second_signal = lifecycle.hard();
    let (status, ()) = tokio::join!(lifecycle.shutdown(GRACE), async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        second_signal.cancel();
    });
    assert_eq!(status, ExitStatus::Success);
    assert_eq!(started.elapsed().as_secs(), 2);
}

#[tokio::test]
async fn a_hard_stop_is_a_soft_stop_too() {
    let lifecycle = Lifecycle::new();
    lifecycle.hard().cancel();
    assert!(lifecycle.soft().is_cancelled());
    let other = Lifecycle::new();
    other.soft().cancel();
    assert!(!other.hard().is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_stops_the_process() {
    let lifecycle = Lifecycle::new();
    lifecycle.spawn("pump", async { anyhow::bail!("the stream is gone") });
    let status = lifecycle.run(GRACE).await;
    assert_eq!(status, ExitStatus::Failure("pump failed: the stream is gone".to_owned()));
    assert!(!status.is_success());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_panics_stops_the_process() {
    let lifecycle = Lifecycle::new();
    lifecycle.spawn("pump", async { panic!("impossible") });
    lifecycle.soft().cancelled().await;
    assert_eq!(lifecycle.failed().as_deref(), Some("pump panicked: impossible"));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ends_well_changes_nothing() {
    let lifecycle = Lifecycle::new();
    lifecycle.spawn("run", async { Ok(()) });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!lifecycle.soft().is_cancelled());
    assert_eq!(lifecycle.shutdown(GRACE).await, ExitStatus::Success);
}

#[tokio::test(start_paused = true)]
async fn tasks_that_ignore_the_hard_stop_are_dropped_and_named() {
    let lifecycle = Lifecycle::new();
    let dropped = CancellationToken::new();
    let guard = dropped.clone().drop_guard();
    lifecycle.spawn("deaf", async move {
        let _guard = guard;
        pending().await
    });
    lifecycle.spawn("deaf", pending());
    lifecycle.spawn("mute", pending());
    let status = lifecycle.shutdown(GRACE).await;
    let text = "these tasks did not stop when told to: deaf (2), mute";
    assert_eq!(status, ExitStatus::Failure(text.to_owned()));
    assert!(dropped.is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn an_aborted_task_is_not_waited_for() {
    let lifecycle = Lifecycle::new();
    let handle = lifecycle.spawn_abortable("beat", pending());
    handle.abort();
    let started = tokio::time::Instant::now();
    assert_eq!(lifecycle.shutdown(GRACE).await, ExitStatus::Success);
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn stopping_twice_is_safe() {
    let lifecycle = Lifecycle::new();
    lifecycle.request_stop("once");
    lifecycle.request_stop("twice");
    assert_eq!(lifecycle.shutdown(GRACE).await, ExitStatus::Success);
    assert_eq!(lifecycle.shutdown(GRACE).await, ExitStatus::Success);
}

#[tokio::test]
async fn the_first_signal_is_soft_and_the_second_is_hard() {
    let lifecycle = Lifecycle::new();
    lifecycle.handle_signals().unwrap();
    let raise = || {
        let command = format!("kill -TERM {}", std::process::id());
        std::process::Command::new("sh").args(["-c", &command]).status().unwrap();
    };
    raise();
    lifecycle.soft().cancelled().await;
    assert!(!lifecycle.hard().is_cancelled());
    raise();
    lifecycle.hard().cancelled().await;
}
