use super::super::JobFilter;
use super::*;
use crate::error_code::ErrorCode;
use crate::job::{JobError, JobState};

#[tokio::test]
async fn stale_and_overdue_jobs_are_found_in_pages() {
    on_both(async |records| {
        let clock = clock();
        let mut events = Vec::new();
        for number in 0..5_u64 {
            clock.advance(Duration::from_secs(1));
            let deadline = clock.now().plus(Duration::from_secs(100 - number));
            events.push(submitted_by("acme", &clock, |job| job.deadline = Some(deadline)));
        }
        events.push(succeeded(&submitted(&clock), &clock));
        records.apply_events(&at(6), &events, clock.now()).await.unwrap();

        let before = events[4].time;
        let first = records.stale_jobs(before, None, 3).await.unwrap();
        let second = records.stale_jobs(before, first.last().copied(), 3).await.unwrap();
        let ids: Vec<_> = first.iter().chain(&second).map(|open| open.id).collect();
        assert_eq!(ids, events[..4].iter().map(|event| event.job.id).collect::<Vec<_>>());

        clock.advance(Duration::from_secs(94));
        let overdue = records.overdue_jobs(clock.now(), None, 10).await.unwrap();
        assert!(overdue.is_empty(), "{overdue:?}");
        clock.advance(Duration::from_secs(2));
        let overdue = records.overdue_jobs(clock.now(), None, 2).await.unwrap();
        let rest = records.overdue_jobs(clock.now(), overdue.last().copied(), 10).await.unwrap();
        assert_eq!((overdue.len(), rest.len()), (2, 3));
        assert_eq!(records.count_open_jobs().await.unwrap(), [(JobState::Queued, 5)]);
    })
    .await;
}

#[tokio::test]
async fn open_jobs_that_are_to_be_canceled_are_found_in_pages() {
    on_both(async |records| {
        let clock = clock();
        let mut asked = Vec::new();
        for _ in 0..3 {
            clock.advance(Duration::from_secs(1));
            asked.push(started(&submitted(&clock), &clock).cancel_requested(&clock).unwrap());
        }
        let running = started(&submitted(&clock), &clock);
        let ended = succeeded(&asked[0], &clock);
        let events = [asked.clone(), vec![running.clone(), ended]].concat();
        records.apply_events(&at(5), &events, clock.now()).await.unwrap();
        assert!(records.jobs_to_cancel(asked[1].time, None, 9).await.unwrap().is_empty());
        clock.advance(Duration::from_secs(1));
        let first = records.jobs_to_cancel(clock.now(), None, 1).await.unwrap();
        assert_eq!((first[0].id, first[0].at), (asked[1].job.id, asked[1].time));
        let second = records.jobs_to_cancel(clock.now(), Some(first[0]), 9).await.unwrap();
        assert_eq!(second.iter().map(|open| open.id).collect::<Vec<_>>(), [asked[2].job.id]);
        // Asked for after it was recorded as running.
        let asked = running.cancel_requested(&clock).unwrap();
        records.apply_events(&at(6), &[asked], clock.now()).await.unwrap();
        clock.advance(Duration::from_secs(1));
        assert_eq!(records.jobs_to_cancel(clock.now(), None, 9).await.unwrap().len(), 3);
    })
    .await;
}

/// Rows that stood before there was a column for it.
#[tokio::test]
async fn cancel_requests_of_before_are_found() {
    let migration = include_str!("../../../../schemas/sql/0004_cancel_requests.sql");
    let fill = migration.split(';').find(|statement| statement.contains("UPDATE jobs")).unwrap();
    on_both(async |records| {
        let clock = clock();
        let running = started(&submitted(&clock), &clock);
        let asked = started(&submitted(&clock), &clock).cancel_requested(&clock).unwrap();
        records.apply_events(&at(2), &[running, asked.clone()], clock.now()).await.unwrap();
        testing::run(&records, "UPDATE jobs SET cancel_requested_at = NULL").await;
        testing::run(&records, fill).await;
        clock.advance(Duration::from_secs(1));
        let found = records.jobs_to_cancel(clock.now(), None, 9).await.unwrap();
        assert_eq!(found.iter().map(|open| open.id).collect::<Vec<_>>(), [asked.job.id]);
    })
    .await;
}

#[tokio::test]
async fn content_is_forgotten_first_and_the_job_later() {
    on_both(async |records| {
        let clock = clock();
        let job = submitted_by("acme", &clock, |job| {
            job.metadata.insert("colour".to_owned(), "blue".to_owned());
        });
        let done = succeeded(&started(&job, &clock), &clock);
        records.apply_events(&at(3), std::slice::from_ref(&done), clock.now()).await.unwrap();
        assert!(records.jobs_with_content(clock.now(), 10).await.unwrap().is_empty());
        assert_eq!(records.remove_old_jobs(clock.now().plus(DAY), 10).await.unwrap(), 0);

        clock.advance(DAY);
        let expired = records.jobs_with_content(clock.now(), 10).await.unwrap();
        assert_eq!(expired.len(), 1);
        assert_eq!(records.has_content(done.job.id).await.unwrap(), Some(true));
        let bare = expired[0].without_content(&clock);
        records.forget_content(&bare).await.unwrap();
        assert!(records.jobs_with_content(clock.now(), 10).await.unwrap().is_empty());
        let record = records.job(&tenant("acme"), done.job.id).await.unwrap().unwrap();
        assert!(record.event.result.is_none() && record.event.job.input.is_none());
        assert_eq!(records.has_content(done.job.id).await.unwrap(), Some(false));
        assert_eq!(record.content_removed_at, Some(clock.now()));
        assert_eq!(record.event.state, JobState::Succeeded);
        // The terminal event comes once more: it does not bring the content back.
        records.apply_events(&at(3), std::slice::from_ref(&done), clock.now()).await.unwrap();
        let record = records.job(&tenant("acme"), done.job.id).await.unwrap().unwrap();
        assert!(record.event.result.is_none());

        assert_eq!(records.remove_old_jobs(clock.now(), 10).await.unwrap(), 1);
        let mut filter = JobFilter::of(tenant("acme"));
        filter.metadata.insert("colour".to_owned(), "blue".to_owned());
        assert!(records.list_jobs(&filter, None, 10).await.unwrap().items.is_empty());
    })
    .await;
}

#[tokio::test]
async fn only_ended_jobs_with_more_than_one_run_have_leftovers() {
    on_both(async |records| {
        let clock = clock();
        let once = succeeded(&started(&submitted(&clock), &clock), &clock);
        let running = started(&submitted(&clock), &clock);
        let error = JobError::retryable(ErrorCode::EngineFailed, "again");
        let requeued = running.requeued(error, clock.now(), &clock).unwrap();
        let twice = succeeded(&started(&requeued, &clock), &clock);
        let open = started(&submitted(&clock), &clock);
        let batch = [once, twice.clone(), open];
        records.apply_events(&at(9), &batch, clock.now()).await.unwrap();
        clock.advance(Duration::from_secs(1));
        let found = records.jobs_with_leftovers(clock.now(), 10).await.unwrap();
        assert_eq!(found.iter().map(|e| e.job.id).collect::<Vec<_>>(), [twice.job.id]);
        records.forget_leftovers(twice.job.id).await.unwrap();
        assert!(records.jobs_with_leftovers(clock.now(), 10).await.unwrap().is_empty());
        records.remove_job(twice.job.id).await.unwrap();
        assert!(records.job(&tenant("acme"), twice.job.id).await.unwrap().is_none());
    })
    .await;
}

const DAY: Duration = Duration::from_hours(24);
