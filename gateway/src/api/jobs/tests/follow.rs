use std::time::Duration;

use common::job::Lane;
use futures::StreamExt;
use reqwest::Method;

use super::{id, path, submit_echo};
use crate::fake_worker::FakeWorker;
use crate::testing::{TestGateway, send};

#[tokio::test]
async fn the_version_is_the_tag() {
    let gateway = TestGateway::start().await;
    let job = submit_echo(&gateway, &gateway.admin_key).await;
    let first = gateway.get(&gateway.admin_key, &path(&job)).await;
    assert_eq!(first.headers["etag"], "\"1\"");
    let request = gateway.request(Method::GET, &path(&job)).bearer_auth(&gateway.admin_key);
    let same = send(request.header("if-none-match", "\"1\"")).await;
    assert_eq!(same.status, 304);
    assert!(same.bytes.is_empty());
}

#[tokio::test]
async fn a_read_is_held_until_the_end_or_a_change() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::diagnostic(&gateway).await;
    let job = submit_echo(&gateway, &gateway.admin_key).await;
    let held = || {
        let path = format!("{}?wait=10", path(&job));
        gateway.request(Method::GET, &path).bearer_auth(&gateway.admin_key)
    };
    let mut taken = worker.take(Lane::Normal).await;
    let changed = send(held().header("if-none-match", "\"1\""));
    let (changed, ()) = tokio::join!(changed, async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        taken.start().await;
    });
    assert_eq!(changed.expect(200)["status"], "running");
    let (ended, _) = tokio::join!(send(held()), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        taken.succeed("{}").await
    });
    assert_eq!(ended.expect(200)["status"], "succeeded");
    // Nothing follows the end, so nothing is held.
    let started = std::time::Instant::now();
    send(held()).await.expect(200);
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_hold_that_runs_out_answers_with_the_job_as_it_stands() {
    let gateway = TestGateway::start().await;
    let job = submit_echo(&gateway, &gateway.admin_key).await;
    let path = format!("{}?wait=1", path(&job));
    let answer = gateway.get(&gateway.admin_key, &path).await;
    assert_eq!(answer.expect(200)["status"], "queued");
    let result = gateway.get(&gateway.admin_key, &format!("/v1/jobs/{}/result", id(&job))).await;
    assert_eq!(result.expect(202)["status"], "queued");
    assert!(result.headers.contains_key("retry-after"));
}

/// The events of a job from a version on, until the stream ends.
async fn events(gateway: &TestGateway, path: &str, last: Option<&str>) -> String {
    let path = format!("{path}/events");
    let mut request = gateway.request(Method::GET, &path).bearer_auth(&gateway.admin_key);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let answer = send(request).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "text/event-stream");
    String::from_utf8(answer.bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_follower_hears_every_event_and_progress_until_the_end() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::diagnostic(&gateway).await;
    let job = submit_echo(&gateway, &gateway.admin_key).await;
    let request = gateway.request(Method::GET, &format!("{}/events", path(&job)));
    let response = request.bearer_auth(&gateway.admin_key).send().await.unwrap();
    let mut stream = response.bytes_stream();
    let mut heard = String::new();
    let mut read = async |text: &str| {
        while !heard.contains(text) {
            let next = tokio::time::timeout(Duration::from_secs(5), stream.next()).await;
            let part = next.expect("events come").expect("more events").unwrap();
            heard.push_str(std::str::from_utf8(&part).unwrap());
        }
    };
    read("event: job.queued").await;
    let mut taken = worker.take(Lane::Normal).await;
    taken.start().await;
    read("event: job.started").await;
    worker.bus.publish_progress(id(&job), 0.5).await.unwrap();
    read("event: job.progress\ndata: {\"progress\":0.5}").await;
    taken.succeed(r#"{"n":1}"#).await;
    read("event: job.succeeded").await;
    while let Some(part) = stream.next().await {
        heard.push_str(std::str::from_utf8(&part.unwrap()).unwrap());
    }
    let ids: Vec<_> = heard.lines().filter(|line| line.starts_with("id: ")).collect();
    assert_eq!(ids, ["id: 1", "id: 2", "id: 3"]);
    assert!(!heard.contains("\"input\""), "{heard}");
}

#[tokio::test]
async fn a_follower_who_comes_back_hears_what_it_missed() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::diagnostic(&gateway).await;
    let job = submit_echo(&gateway, &gateway.admin_key).await;
    let mut taken = worker.take(Lane::Normal).await;
    taken.start().await;
    taken.succeed("{}").await;
    let missed = events(&gateway, &path(&job), Some("1")).await;
    assert!(missed.starts_with("id: 3\nevent: job.succeeded\n"), "{missed}");
    assert_eq!(events(&gateway, &path(&job), Some("3")).await, "");
}

#[tokio::test]
async fn a_job_that_waits_has_a_place_in_its_queue() {
    let gateway = TestGateway::start().await;
    let _worker = FakeWorker::diagnostic(&gateway).await;
    let mut last = serde_json::Value::Null;
    for _ in 0..3 {
        last = submit_echo(&gateway, &gateway.admin_key).await;
    }
    let until = tokio::time::Instant::now() + Duration::from_secs(5);
    loop {
        let job = gateway.get(&gateway.admin_key, &path(&last)).await.expect(200);
        if job["queue_position"] == 2 {
            return;
        }
        assert!(tokio::time::Instant::now() < until, "{job}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
