use super::super::{Cursor, JobFilter};
use super::*;
use crate::job::JobState;

/// Twelve jobs a second apart, with different features.
async fn twelve(records: &Records, clock: &ManualClock) -> Vec<JobEvent> {
    let mut events = Vec::new();
    for number in 0..12_u32 {
        clock.advance(Duration::from_secs(1));
        let queued = submitted_by("acme", clock, |job| {
            if number % 2 == 0 {
                job.operation = "sleep".to_owned();
            }
            if number % 3 == 0 {
                job.model = "third".to_owned();
                job.capability = "llm".to_owned();
            }
            job.metadata.insert("parity".to_owned(), (number % 2).to_string());
            job.metadata.insert("number".to_owned(), number.to_string());
        });
        events.push(if number < 4 { succeeded(&started(&queued, clock), clock) } else { queued });
    }
    events.push(submitted_by("other", clock, |_| {}));
    records.apply_events(&at(13), &events, clock.now()).await.unwrap();
    events
}

#[tokio::test]
async fn pages_are_newest_first_without_gap_or_repeat() {
    on_both(async |records| {
        let clock = clock();
        let events = twelve(&records, &clock).await;
        let filter = JobFilter::of(tenant("acme"));
        let mut seen = Vec::new();
        let mut after: Option<Cursor> = None;
        loop {
            let page = records.list_jobs(&filter, after, 5).await.unwrap();
            seen.extend(page.items.iter().map(|record| record.event.job.id));
            assert!(page.items.iter().all(|record| record.event.job.input.is_none()));
            // A job that comes while a caller leafs through does not move the pages.
            clock.advance(Duration::from_secs(1));
            let new = [submitted(&clock)];
            records.apply_events(&at(14), &new, clock.now()).await.unwrap();
            match page.next {
                Some(next) => after = Some(next.to_string().parse().unwrap()),
                None => break,
            }
        }
        let expected: Vec<_> = events[..12].iter().rev().map(|event| event.job.id).collect();
        assert_eq!(seen, expected);
    })
    .await;
}

#[tokio::test]
async fn every_filter_narrows_and_filters_combine() {
    on_both(async |records| {
        let clock = clock();
        let events = twelve(&records, &clock).await;
        let count = async |change: &dyn Fn(&mut JobFilter)| {
            let mut filter = JobFilter::of(tenant("acme"));
            change(&mut filter);
            records.list_jobs(&filter, None, 100).await.unwrap().items.len()
        };
        let label = |filter: &mut JobFilter, key: &str, value: &str| {
            filter.metadata.insert(key.to_owned(), value.to_owned());
        };
        assert_eq!(count(&|_| {}).await, 12);
        assert_eq!(count(&|f| f.tenant = tenant("other")).await, 1);
        assert_eq!(count(&|f| f.states = vec![JobState::Succeeded]).await, 4);
        assert_eq!(count(&|f| f.states = vec![JobState::Succeeded, JobState::Queued]).await, 12);
        assert_eq!(count(&|f| f.operation = Some("sleep".to_owned())).await, 6);
        assert_eq!(count(&|f| f.model = Some("third".to_owned())).await, 4);
        assert_eq!(count(&|f| f.capability = Some("llm".to_owned())).await, 4);
        assert_eq!(count(&|f| label(f, "parity", "1")).await, 6);
        assert_eq!(
            count(&|f| {
                label(f, "parity", "1");
                label(f, "number", "3");
            })
            .await,
            1
        );
        assert_eq!(
            count(&|f| {
                label(f, "parity", "1");
                label(f, "number", "4");
            })
            .await,
            0
        );
        let from = events[3].job.created_at;
        let before = events[6].job.created_at;
        assert_eq!(count(&|f| f.created_from = Some(from)).await, 9);
        assert_eq!(
            count(&|f| {
                f.created_from = Some(from);
                f.created_before = Some(before);
                f.operation = Some("sleep".to_owned());
                f.states = vec![JobState::Queued];
            })
            .await,
            1
        );
    })
    .await;
}

#[tokio::test]
async fn pages_by_label_go_through_the_whole_list() {
    on_both(async |records| {
        let clock = clock();
        let events = twelve(&records, &clock).await;
        let mut filter = JobFilter::of(tenant("acme"));
        filter.metadata.insert("parity".to_owned(), "0".to_owned());
        let first = records.list_jobs(&filter, None, 4).await.unwrap();
        let second = records.list_jobs(&filter, first.next, 4).await.unwrap();
        let ids: Vec<_> = first.items.iter().chain(&second.items).map(|r| r.event.job.id).collect();
        let expected: Vec<_> = [10, 8, 6, 4, 2, 0].map(|n: usize| events[n].job.id).into();
        assert_eq!((ids, second.next), (expected, None));
    })
    .await;
}

#[tokio::test]
async fn the_lists_are_read_from_their_indexes() {
    let (records, _folder) = testing::sqlite().await;
    let plan = async |sql: &'static str| {
        let rows = sqlx::query(sql).fetch_all(&records.read).await.unwrap();
        rows.iter().map(|row| sqlx::Row::get::<String, _>(row, "detail")).collect::<String>()
    };
    for (sql, index) in [
        (
            "EXPLAIN QUERY PLAN SELECT event FROM jobs WHERE tenant = 'a' \
             ORDER BY created_at DESC, id DESC LIMIT 10",
            "jobs_by_tenant",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT event FROM jobs WHERE tenant = 'a' AND state IN ('failed') \
             AND (created_at, id) < (1, 'x') ORDER BY created_at DESC, id DESC LIMIT 10",
            "jobs_by_state",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT id FROM jobs WHERE finished_at IS NULL \
             AND updated_at < 1 AND (updated_at, id) > (0, 'x') ORDER BY updated_at, id LIMIT 9",
            "jobs_open",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT id FROM jobs WHERE content_removed_at IS NULL \
             AND finished_at IS NOT NULL AND finished_at < 1 ORDER BY finished_at, id LIMIT 9",
            "jobs_with_content",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT id FROM jobs WHERE leftovers = 1 \
             AND finished_at IS NOT NULL AND finished_at < 1 ORDER BY finished_at, id LIMIT 9",
            "jobs_with_leftovers",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT id FROM jobs WHERE finished_at IS NOT NULL \
             AND finished_at < 1 AND content_removed_at IS NOT NULL \
             ORDER BY finished_at, id LIMIT 9",
            "jobs_removable",
        ),
    ] {
        let plan = plan(sql).await;
        assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{sql}: {plan}");
    }
}
