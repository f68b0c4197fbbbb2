use super::super::JobFilter;
use super::*;
use crate::job::JobState;

/// Two keepers record overlapping batches in different orders, as after a redelivery.
#[tokio::test(flavor = "multi_thread")]
async fn keepers_that_record_the_same_jobs_agree() {
    on_both(async |records| {
        let clock = clock();
        let mut lives = Vec::new();
        for _ in 0..40 {
            clock.advance(Duration::from_millis(1));
            let queued = submitted(&clock);
            let running = started(&queued, &clock);
            lives.push([queued, running.clone(), succeeded(&running, &clock)]);
        }
        let keeper = async |order: Vec<usize>| {
            let records = records.clone();
            for stage in order {
                let mut batch: Vec<_> = lives.iter().map(|life| life[stage].clone()).collect();
                if stage == 1 {
                    batch.reverse();
                }
                records.apply_events(&at(stage as u64), &batch, clock.now()).await.unwrap();
            }
        };
        tokio::join!(keeper(vec![0, 1, 2]), keeper(vec![2, 1, 0]), keeper(vec![1, 0, 1]));
        let all = JobFilter::of(tenant("acme"));
        let page = records.list_jobs(&all, None, 100).await.unwrap();
        assert_eq!(page.items.len(), 40);
        assert!(page.items.iter().all(|record| record.event.state == JobState::Succeeded));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_keepers_may_set_up_the_same_database() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite://{}/records.db", folder.path().display());
    let postgres =
        tokio::task::spawn_blocking(|| testing::Postgres::shared().new_database()).await.unwrap();
    for url in [sqlite, postgres] {
        let keepers: Vec<_> = (0..4).map(|_| Records::open(&url).unwrap()).collect();
        let done = futures::future::join_all(keepers.iter().map(Records::migrate)).await;
        for outcome in done {
            outcome.unwrap();
        }
        keepers[0].check().await.unwrap();
    }
}
