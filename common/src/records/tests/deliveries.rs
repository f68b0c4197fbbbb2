use super::super::DeliveryFilter;
use super::*;
use crate::job::EventId;
use crate::webhook::{Delivery, DeliveryEvent, DeliveryStatus, DeliveryTarget};

fn pending(clock: &ManualClock, endpoint: Option<&str>) -> DeliveryEvent {
    let url = "https://example.com/hook".to_owned();
    let target = match endpoint {
        Some(id) => DeliveryTarget::Endpoint { id: id.to_owned(), url },
        None => DeliveryTarget::Url(url),
    };
    let event = EventId::new(clock);
    let job = Some(JobId::new(clock));
    let body = r#"{"data":{}}"#.to_owned();
    let now = clock.now();
    let made = Delivery::new(event, "job.failed", tenant("acme"), job, target, body, now);
    DeliveryEvent::pending(&made, now, now)
}

fn stream() -> Position {
    Position { stream: "DELIVERIES".to_owned(), ..at(1) }
}

#[tokio::test]
async fn the_newest_snapshot_stands() {
    on_both(async |records| {
        let clock = clock();
        let first = pending(&clock, None);
        let dead = first.clone().next(DeliveryStatus::Dead, clock.now());
        let batch = [dead.clone(), first.clone()];
        records.apply_deliveries(&stream(), &batch, clock.now()).await.unwrap();
        records.apply_deliveries(&stream(), &[first], clock.now()).await.unwrap();
        let found = records.delivery(&tenant("acme"), dead.id).await.unwrap().unwrap();
        assert_eq!(found, dead);
        assert!(records.delivery(&tenant("other"), dead.id).await.unwrap().is_none());
        // Asked for again by hand: a dead delivery may live again.
        let again = dead.next(DeliveryStatus::Pending, clock.now());
        records
            .apply_deliveries(&stream(), std::slice::from_ref(&again), clock.now())
            .await
            .unwrap();
        let found = records.delivery(&tenant("acme"), again.id).await.unwrap().unwrap();
        assert_eq!(found.status, DeliveryStatus::Pending);
    })
    .await;
}

#[tokio::test]
async fn they_are_listed_by_endpoint_job_status_and_time() {
    on_both(async |records| {
        let clock = clock();
        let mut all = Vec::new();
        for number in 0..6_u64 {
            clock.advance(Duration::from_secs(1));
            let made = pending(&clock, (number % 2 == 0).then_some("ep_1"));
            all.push(match number {
                0 | 1 => made.next(DeliveryStatus::Dead, clock.now()),
                _ => made,
            });
        }
        records.apply_deliveries(&stream(), &all, clock.now()).await.unwrap();
        let count = async |change: &dyn Fn(&mut DeliveryFilter)| {
            let mut filter = DeliveryFilter::of(tenant("acme"));
            change(&mut filter);
            let page = records.list_deliveries(&filter, None, 100).await.unwrap();
            assert!(page.items.iter().all(|delivery| delivery.body.is_empty()));
            page.items.len()
        };
        assert_eq!(count(&|_| {}).await, 6);
        assert_eq!(count(&|f| f.endpoint_id = Some("ep_1".to_owned())).await, 3);
        assert_eq!(count(&|f| f.status = Some(DeliveryStatus::Dead)).await, 2);
        assert_eq!(count(&|f| f.job_id = all[3].job_id).await, 1);
        assert_eq!(count(&|f| f.event_type = Some("job.expired".to_owned())).await, 0);
        assert_eq!(count(&|f| f.created_from = Some(all[4].created_at)).await, 2);

        let filter = DeliveryFilter::of(tenant("acme"));
        let first = records.list_deliveries(&filter, None, 4).await.unwrap();
        let second = records.list_deliveries(&filter, first.next, 4).await.unwrap();
        let ids: Vec<_> = first.items.iter().chain(&second.items).map(|d| d.id).collect();
        assert_eq!(ids, all.iter().rev().map(|d| d.id).collect::<Vec<_>>());

        let cut = all[3].updated_at;
        assert_eq!(records.remove_old_deliveries(cut, 2).await.unwrap(), 2);
        assert_eq!(records.remove_old_deliveries(cut, 2).await.unwrap(), 1);
        assert_eq!(count(&|_| {}).await, 3);
    })
    .await;
}
