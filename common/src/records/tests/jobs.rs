use super::super::JobFilter;
use super::*;
use crate::job::JobState;

#[tokio::test]
async fn a_job_is_read_back_as_it_was_recorded() {
    on_both(async |records| {
        let clock = clock();
        let queued = submitted(&clock);
        clock.advance(Duration::from_secs(1));
        let done = succeeded(&started(&queued, &clock), &clock);
        records.apply_events(&at(3), std::slice::from_ref(&done), clock.now()).await.unwrap();

        let record = records.job(&tenant("acme"), done.job.id).await.unwrap().unwrap();
        assert_eq!(
            serde_json::to_string(&record.event).unwrap(),
            serde_json::to_string(&done).unwrap()
        );
        assert_eq!(record.event.job.input.as_ref().unwrap().get(), r#"{"text":  "hello"}"#);
        assert!(records.job(&tenant("other"), done.job.id).await.unwrap().is_none());
    })
    .await;
}

/// Interleaving 17: a redelivered older event comes after a newer one.
#[tokio::test]
async fn an_older_event_never_overwrites_and_an_ended_job_never_changes() {
    on_both(async |records| {
        let clock = clock();
        let queued = submitted(&clock);
        let running = started(&queued, &clock);
        let done = succeeded(&running, &clock);
        let state = async |event: &JobEvent| {
            let now = clock.now();
            records.apply_events(&at(1), std::slice::from_ref(event), now).await.unwrap();
            let id = event.job.id;
            records.job(&tenant("acme"), id).await.unwrap().unwrap().event.state
        };
        assert_eq!(state(&running).await, JobState::Running);
        assert_eq!(state(&queued).await, JobState::Running);
        assert_eq!(state(&done).await, JobState::Succeeded);
        let revived = JobEvent { version: done.version + 5, ..running.clone() };
        assert_eq!(state(&revived).await, JobState::Succeeded);
    })
    .await;
}

/// An owner has the content removed: the same end comes once more, without it.
#[tokio::test]
async fn the_end_told_again_without_content_replaces_the_end() {
    on_both(async |records| {
        let clock = clock();
        let queued = submitted(&clock);
        let done = succeeded(&started(&queued, &clock), &clock);
        let bare = done.without_content(&clock);
        for batch in [vec![done.clone()], vec![bare.clone(), done.clone()], vec![done.clone()]] {
            records.apply_events(&at(3), &batch, clock.now()).await.unwrap();
        }
        let record = records.job(&tenant("acme"), done.job.id).await.unwrap().unwrap();
        assert_eq!(record.content_removed_at, Some(clock.now()));
        assert_eq!(record.event.state, JobState::Succeeded);
        assert!(record.event.result.is_none() && record.event.job.input.is_none());
        let later = clock.now().plus(Duration::from_secs(1));
        assert!(records.jobs_with_content(later, 9).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn one_batch_may_hold_a_whole_life_and_many_jobs() {
    on_both(async |records| {
        let clock = clock();
        let mut events = Vec::new();
        for _ in 0..150 {
            clock.advance(Duration::from_millis(1));
            let queued = submitted(&clock);
            let running = started(&queued, &clock);
            events.extend([queued, running.clone(), succeeded(&running, &clock)]);
        }
        // Redelivered together with what is new.
        events.push(events[0].clone());
        records.apply_events(&at(450), &events, clock.now()).await.unwrap();
        records.apply_events(&at(450), &events, clock.now()).await.unwrap();

        let all = JobFilter::of(tenant("acme"));
        let page = records.list_jobs(&all, None, 1000).await.unwrap();
        assert_eq!(page.items.len(), 150);
        assert!(page.items.iter().all(|record| record.event.state == JobState::Succeeded));
        assert!(records.count_open_jobs().await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn odd_text_is_no_reason_to_stop() {
    on_both(async |records| {
        let clock = clock();
        let odd = submitted_by("acme", &clock, |job| {
            job.model = "nul \0 model".to_owned();
            job.metadata.insert("nul".to_owned(), "\0".to_owned());
            job.metadata.insert("long".to_owned(), "x".repeat(100_000));
            job.metadata.insert("größe".to_owned(), "日本".to_owned());
        });
        records.apply_events(&at(1), std::slice::from_ref(&odd), clock.now()).await.unwrap();
        for (key, value) in &odd.job.metadata {
            let mut filter = JobFilter::of(tenant("acme"));
            filter.metadata.insert(key.clone(), value.clone());
            let found = records.list_jobs(&filter, None, 10).await.unwrap();
            assert_eq!(found.items.len(), 1, "{key}");
            assert_eq!(found.items[0].event.job.model, odd.job.model);
        }
    })
    .await;
}
