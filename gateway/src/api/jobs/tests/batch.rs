use common::job::Lane;
use reqwest::Method;
use serde_json::json;

use crate::testing::{TestGateway, send};

#[tokio::test]
async fn each_job_of_a_batch_is_answered_on_its_own() {
    let gateway = TestGateway::start().await;
    let body = json!({ "jobs": [
        { "operation": "diagnostic.echo", "input": { "n": 0 } },
        { "operation": "diagnostic.nothing" },
        { "operation": "diagnostic.echo", "colour": "red" },
        { "operation": "diagnostic.sleep", "input": {} },
        { "operation": "diagnostic.echo", "input": { "n": 4 }, "lane": "normal" },
    ]});
    let answer = gateway.post(&gateway.admin_key, "/v1/jobs/batch", &body).await.expect(200);
    let entries = answer["data"].as_array().unwrap();
    let statuses: Vec<_> = entries.iter().map(|entry| entry["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [202, 404, 422, 422, 202]);
    assert_eq!((answer["accepted"].as_u64(), answer["refused"].as_u64()), (Some(2), Some(3)));
    assert_eq!(entries[0]["job"]["lane"], "bulk");
    assert_eq!(entries[4]["job"]["lane"], "normal");
    assert_eq!(entries[2]["error"]["param"], "colour");
    assert_eq!(entries[3]["error"]["code"], "invalid_request");
}

#[tokio::test]
async fn a_thousand_jobs_fit_and_one_more_does_not() {
    let gateway = TestGateway::start().await;
    let job = json!({ "operation": "diagnostic.echo" });
    let jobs = |count: usize| json!({ "jobs": vec![job.clone(); count] });
    let answer = gateway.post(&gateway.admin_key, "/v1/jobs/batch", &jobs(1000)).await.expect(200);
    assert_eq!(answer["accepted"], 1000);
    let mut ids: Vec<_> =
        answer["data"].as_array().unwrap().iter().map(|e| &e["job"]["id"]).collect();
    ids.sort_by_key(ToString::to_string);
    ids.dedup();
    assert_eq!(ids.len(), 1000);
    let figures = gateway.parts.bus.queue_figures().await.unwrap();
    let bulk = figures.iter().find(|queue| queue.lane == Lane::Bulk).unwrap();
    assert_eq!(bulk.waiting, 1000);
    for count in [0, 1001] {
        let refused = gateway.post(&gateway.admin_key, "/v1/jobs/batch", &jobs(count)).await;
        assert_eq!(refused.expect(422)["error"]["param"], "jobs");
    }
}

#[tokio::test]
async fn a_repeated_batch_is_answered_with_its_jobs() {
    let gateway = TestGateway::start().await;
    let body =
        json!({ "jobs": [{ "operation": "diagnostic.echo" }, { "operation": "diagnostic.echo" }] });
    let post = async || {
        let request =
            gateway.request(Method::POST, "/v1/jobs/batch").bearer_auth(&gateway.admin_key);
        send(request.header("idempotency-key", "b").json(&body)).await.expect(200)
    };
    let (first, second) = (post().await, post().await);
    assert_ne!(first["data"][0]["job"]["id"], first["data"][1]["job"]["id"]);
    for index in 0..2 {
        assert_eq!(first["data"][index]["job"]["id"], second["data"][index]["job"]["id"]);
        assert_eq!(second["data"][index]["replayed"], true);
    }
}
