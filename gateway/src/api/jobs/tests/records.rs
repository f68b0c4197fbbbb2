use common::job::{Lane, Outcome};
use serde_json::json;

use super::{id, path, record, submit_echo};
use crate::fake_worker::FakeWorker;
use crate::testing::TestGateway;

#[tokio::test]
async fn a_job_whose_event_is_gone_is_read_from_the_records() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::diagnostic(&gateway).await;
    let job = submit_echo(&gateway, &gateway.admin_key).await;
    let mut taken = worker.take(Lane::Normal).await;
    taken.start().await;
    let end = taken.succeed(r#"{"n":1}"#).await;
    record(&gateway, &[end]).await;
    gateway.parts.bus.purge_events(id(&job)).await;
    let read = gateway.get(&gateway.admin_key, &path(&job)).await.expect(200);
    assert_eq!(read["status"], "succeeded");
    let result = gateway.get(&gateway.admin_key, &format!("{}/result", path(&job))).await;
    assert_eq!(result.expect(200), json!({ "n": 1 }));
    let canceled =
        gateway.post(&gateway.admin_key, &format!("{}/cancel", path(&job)), &json!({})).await;
    assert_eq!(canceled.expect(200)["status"], "succeeded");
    let events = gateway.get(&gateway.admin_key, &format!("{}/events", path(&job))).await;
    assert!(String::from_utf8_lossy(&events.bytes).contains("event: job.succeeded"));
    let again =
        gateway.post(&gateway.admin_key, &format!("{}/retry", path(&job)), &json!({})).await;
    assert_eq!(again.expect(202)["retry_of"], job["id"]);
    let stranger = gateway.user_key("other").await;
    assert_eq!(gateway.get(&stranger, &path(&job)).await.error(404), "not_found");
}

#[tokio::test]
async fn without_the_records_an_unknown_job_may_exist() {
    let gateway = TestGateway::start_with(&[("records.url", "sqlite:///nowhere/at/all.db")]).await;
    let job = submit_echo(&gateway, &gateway.admin_key).await;
    // SQL is not on the way of a job that has an event.
    gateway.get(&gateway.admin_key, &path(&job)).await.expect(200);
    let unknown = format!("/v1/jobs/{}", gateway.parts.clock.new_uuid());
    assert_eq!(gateway.get(&gateway.admin_key, &unknown).await.error(503), "unavailable");
    assert_eq!(gateway.get(&gateway.admin_key, "/v1/jobs").await.error(503), "unavailable");
}

#[tokio::test]
async fn lists_are_filtered_and_paged_newest_first() {
    let gateway = TestGateway::start().await;
    let admin = &gateway.admin_key;
    let clock = gateway.parts.clock.clone();
    let mut events = Vec::new();
    for n in 0..5 {
        let body = json!({ "operation": "diagnostic.echo", "metadata": { "n": n.to_string() } });
        let job = gateway.post(admin, "/v1/jobs", &body).await.expect(202);
        let stored = gateway.parts.bus.events().last(id(&job)).await.unwrap().unwrap();
        events.push(stored.event);
    }
    let retention = gateway.parts.bus.events().retention();
    events[0] = events[0].finished(Outcome::Canceled, None, retention, clock.as_ref()).unwrap();
    record(&gateway, &events).await;
    let list =
        async |query: &str| gateway.get(admin, &format!("/v1/jobs?{query}")).await.expect(200);
    let numbers = |page: &serde_json::Value| -> Vec<String> {
        let jobs = page["data"].as_array().unwrap().iter();
        jobs.map(|job| job["metadata"]["n"].as_str().unwrap().to_owned()).collect()
    };
    let first = list("limit=3").await;
    assert_eq!(numbers(&first), ["4", "3", "2"]);
    assert_eq!(first["has_more"], true);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = list(&format!("limit=3&cursor={cursor}")).await;
    assert_eq!(numbers(&second), ["1", "0"]);
    assert_eq!(second["has_more"], false);
    assert_eq!(numbers(&list("state=canceled").await), ["0"]);
    assert_eq!(numbers(&list("metadata[n]=3&operation=diagnostic.echo").await), ["3"]);
    assert!(numbers(&list("model=other").await).is_empty());
    let stranger = gateway.user_key("other").await;
    let theirs = gateway.get(&stranger, "/v1/jobs").await.expect(200);
    assert!(theirs["data"].as_array().unwrap().is_empty());
}
