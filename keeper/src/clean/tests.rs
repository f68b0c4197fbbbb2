use std::sync::Arc;
use std::time::Duration;

use common::bus::FixedConsumer;
use common::clock::{Clock as _, ManualClock, SystemClock};
use common::error_code::ErrorCode;
use common::job::{JobError, JobEvent, Lane, Outcome, Run, RunId};
use common::objects::{FileKey, RunKey, fetched_input, input_key};
use common::records::Records;

use super::*;
use crate::duty::{Duty as _, Next};
use crate::record::Recorder;
use crate::record::events::Events;
use crate::testing::{PATIENCE, Surroundings, perform_until, tenant};

/// Surroundings whose keeper lives later than the events.
async fn later(by: Duration) -> Surroundings {
    Surroundings::at(Arc::new(ManualClock::new(SystemClock.now().plus(by)))).await
}

async fn record(around: &Surroundings) {
    let mut recorder = Recorder::<Events>::new(&around.context);
    perform_until(&mut recorder, async || around.is_drained(FixedConsumer::Record).await).await;
}

async fn put(around: &Surroundings, key: &str) {
    around.context.objects.put(key, "bytes").await.unwrap();
}

async fn is_there(around: &Surroundings, key: &str) -> bool {
    around.context.objects.head(key).await.is_ok()
}

#[tokio::test]
async fn content_goes_at_the_end_of_its_retention_everywhere() {
    let around = later(Duration::from_hours(25)).await;
    let stored = around.submit(|_| {}).await;
    let running = around.start_run(&stored).await;
    let done = around.succeed(&running).await;
    let job = done.event.job.id;
    let run = RunKey { job, run: running.event.run_id.unwrap() };
    let keys = [input_key(job), fetched_input(job, "source"), run.result(), run.artifact("a.png")];
    for key in &keys {
        put(&around, key).await;
    }
    record(&around).await;
    Cleaner::new(&around.context).tick().await.unwrap();
    for key in &keys {
        assert!(!is_there(&around, key).await, "{key}");
    }
    let last = around.last(job).await;
    assert!(last.content_removed_at.is_some() && last.result.is_none());
    assert_eq!((last.id, last.state), (done.event.id, done.event.state));
    let read = around.context.records.job(&tenant(), job).await.unwrap().unwrap();
    assert!(read.content_removed_at.is_some() && read.event.job.input.is_none());
    // Told again, recorded again: nothing moves any more.
    record(&around).await;
    Cleaner::new(&around.context).tick().await.unwrap();
    assert_eq!(around.last(job).await.version, last.version);
}

#[tokio::test]
async fn content_stays_until_then() {
    let around = later(Duration::from_hours(23)).await;
    let stored = around.submit(|_| {}).await;
    let done = around.succeed(&stored).await;
    put(&around, &input_key(done.event.job.id)).await;
    record(&around).await;
    Cleaner::new(&around.context).tick().await.unwrap();
    assert!(is_there(&around, &input_key(done.event.job.id)).await);
    assert!(around.last(done.event.job.id).await.result.is_some());
}

/// Interleaving 8: two runs stored objects; the event names one of them.
#[tokio::test]
async fn objects_of_runs_that_lost_go_early() {
    let around = later(Duration::from_hours(2)).await;
    let stored = around.submit(|_| {}).await;
    let first = around.start_run(&stored).await;
    let winner = Run { id: RunId::new(&SystemClock), worker_id: "w2".to_owned() };
    let second = around.swap(&first.event.started(&winner, &SystemClock).unwrap(), &first).await;
    around.succeed(&second).await;
    let job = stored.event.job.id;
    let lost = RunKey { job, run: first.event.run_id.unwrap() }.artifact("a.png");
    let won = RunKey { job, run: winner.id }.artifact("a.png");
    for key in [&lost, &won, &fetched_input(job, "source")] {
        put(&around, key).await;
    }
    record(&around).await;
    Cleaner::new(&around.context).tick().await.unwrap();
    assert!(!is_there(&around, &lost).await);
    assert!(is_there(&around, &won).await);
    assert!(is_there(&around, &fetched_input(job, "source")).await);
}

/// A job out of attempts can run again for as long as it is kept for that.
#[tokio::test]
async fn the_inputs_of_a_dead_letter_go_with_it() {
    let around = later(Duration::from_hours(49)).await;
    let running = around.start_run(&around.submit(|_| {}).await).await;
    around.bus().publish_dead_job(&running.event, PATIENCE).await.unwrap();
    let error = JobError::retryable(ErrorCode::EngineFailed, "again and again");
    let day = Duration::from_hours(24);
    let end = running.event.finished(Outcome::Failed(error), None, day, &SystemClock).unwrap();
    let job = around.swap(&end, &running).await.event.job.clone();
    let inputs = [input_key(job.id), fetched_input(job.id, "source")];
    let left = RunKey { job: job.id, run: running.event.run_id.unwrap() }.artifact("a.png");
    for key in inputs.iter().chain([&left]) {
        put(&around, key).await;
    }
    record(&around).await;
    Cleaner::new(&around.context).tick().await.unwrap();
    OrphanCleaner::new(&around.context).tick().await.unwrap();
    assert!(around.last(job.id).await.content_removed_at.is_some());
    assert!(!is_there(&around, &left).await);
    for key in &inputs {
        assert!(is_there(&around, key).await, "{key}");
    }
    around.bus().remove_dead_job(&job).await.unwrap();
    OrphanCleaner::new(&around.context).tick().await.unwrap();
    for key in &inputs {
        assert!(!is_there(&around, key).await, "{key}");
    }
}

#[tokio::test]
async fn calls_are_forgotten_without_another_event() {
    let around = later(Duration::from_hours(25)).await;
    let call = crate::testing::envelope(|job| job.lane = Lane::Interactive);
    let event = JobEvent::submitted(Arc::new(call), &SystemClock);
    let event = crate::testing::succeeded(&event, &SystemClock);
    around.bus().events().create(&event, PATIENCE).await.unwrap();
    record(&around).await;
    Cleaner::new(&around.context).tick().await.unwrap();
    assert_eq!(around.last(event.job.id).await.version, event.version);
    let read = around.context.records.job(&tenant(), event.job.id).await.unwrap().unwrap();
    assert!(read.content_removed_at.is_some());
}

#[tokio::test]
async fn rows_go_at_the_end_of_their_retention() {
    let around = later(Duration::from_hours(24 * 31)).await;
    let stored = around.submit(|_| {}).await;
    let done = around.succeed(&stored).await;
    let open = around.submit(|_| {}).await;
    record(&around).await;
    let mut cleaner = Cleaner::new(&around.context);
    cleaner.tick().await.unwrap();
    cleaner.tick().await.unwrap();
    let records = &around.context.records;
    assert_eq!(records.has_content(done.event.job.id).await.unwrap(), None);
    assert_eq!(records.has_content(open.event.job.id).await.unwrap(), Some(true));
}

#[tokio::test]
async fn files_and_ended_windows_go() {
    let around = later(Duration::from_hours(24 * 8)).await;
    let file = FileKey { tenant: tenant(), id: "f1".to_owned() };
    put(&around, &file.content()).await;
    put(&around, &file.meta()).await;
    let hour = around.context.clock.now().as_secs() / 3600;
    for window in [hour - 1, hour, hour + 1] {
        around.bus().count(&tenant(), "delayed", &window.to_string(), 1).await.unwrap();
    }
    FileCleaner::new(&around.context).tick().await.unwrap();
    assert!(!is_there(&around, &file.content()).await && !is_there(&around, &file.meta()).await);
    for (window, total) in [(hour - 1, 1), (hour, 2), (hour + 1, 2)] {
        let counted = around.bus().count(&tenant(), "delayed", &window.to_string(), 1).await;
        assert_eq!(counted.unwrap(), total, "{window}");
    }
}

#[tokio::test]
async fn objects_of_jobs_that_do_not_exist_go() {
    let around = later(Duration::from_hours(49)).await;
    let known = around.write_event(|_| {}).await.event.job.id;
    let unknown = common::job::JobId::new(&SystemClock);
    for job in [known, unknown] {
        put(&around, &input_key(job)).await;
    }
    OrphanCleaner::new(&around.context).tick().await.unwrap();
    assert!(is_there(&around, &input_key(known)).await);
    assert!(!is_there(&around, &input_key(unknown)).await);
}

/// A keeper with more jobs than it looks at in one piece goes on where it was, past trouble, and rests at the end.
#[tokio::test]
async fn orphans_behind_many_needed_objects_are_found_in_time() {
    let around = later(Duration::from_hours(49)).await;
    let mut needed: Vec<_> = (0..451).map(|_| common::job::JobId::new(&SystemClock)).collect();
    needed.sort();
    let orphan = needed.pop().unwrap();
    for job in needed.iter().chain([&orphan]) {
        put(&around, &input_key(*job)).await;
        put(&around, &fetched_input(*job, "source")).await;
    }
    for job in &needed {
        // What can not be read is there.
        around.bus().publish_raw(common::bus::subjects::events(*job), b"{}").await;
    }
    let mut cleaner = OrphanCleaner::new(&around.context);
    let mut ticks = Vec::new();
    for _ in 0..3 {
        assert!(is_there(&around, &input_key(orphan)).await);
        ticks.push(cleaner.tick().await.unwrap());
    }
    assert!(matches!(ticks[..], [Next::AtOnce, Next::AtOnce, Next::In(_)]), "{ticks:?}");
    assert!(!is_there(&around, &input_key(orphan)).await);
    assert!(is_there(&around, &input_key(needed[0])).await);
}

#[tokio::test]
async fn trouble_with_one_job_does_not_hide_the_orphans_after_it() {
    let around = later(Duration::from_hours(49)).await;
    let mut jobs = [(); 3].map(|()| common::job::JobId::new(&SystemClock));
    jobs.sort();
    for job in jobs {
        put(&around, &input_key(job)).await;
    }
    let mut cleaner = OrphanCleaner::new(&around.context);
    // The records are away while the first is looked at.
    cleaner.context.records = Records::open_read("sqlite:///nowhere/at/all.db").unwrap();
    cleaner.tick().await.unwrap_err();
    cleaner.context.records = around.context.records.clone();
    assert!(matches!(cleaner.tick().await.unwrap(), Next::In(_)));
    assert!(is_there(&around, &input_key(jobs[0])).await, "its turn is in the next pass");
    assert!(!is_there(&around, &input_key(jobs[1])).await);
    assert!(!is_there(&around, &input_key(jobs[2])).await);
    cleaner.tick().await.unwrap();
    assert!(!is_there(&around, &input_key(jobs[0])).await);
}
