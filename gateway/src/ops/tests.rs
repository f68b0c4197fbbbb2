use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::testing::{TestGateway, send};

/// Asks until the gateway is (not) ready.
async fn wait_for(gateway: &TestGateway, ready: bool) -> serde_json::Value {
    for _ in 0..200 {
        let answer = send(gateway.request(Method::GET, "/readyz")).await;
        let report: serde_json::Value = serde_json::from_slice(&answer.bytes).unwrap();
        assert_eq!(report["ready"], json!(answer.status == 200));
        if report["ready"] == ready {
            return report;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("readiness did not become {ready}");
}

#[tokio::test]
async fn readiness_follows_the_broker() {
    let mut gateway = TestGateway::start().await;
    wait_for(&gateway, true).await;
    gateway.nats.kill();
    let asked = Instant::now();
    let report = wait_for(&gateway, false).await;
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    let nats = report["parts"].as_array().unwrap().iter().find(|part| part["name"] == "nats");
    assert_eq!(nats.unwrap()["problem"], "NATS does not answer");
    assert_eq!(send(gateway.request(Method::GET, "/livez")).await.status, 200);
    let asked = Instant::now();
    let admin = gateway.admin_key.clone();
    assert_eq!(gateway.get(&admin, "/v1/admin/workers").await.error(503), "unavailable");
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    gateway.nats.resume().await;
    wait_for(&gateway, true).await;
    gateway.get(&admin, "/v1/admin/workers").await.expect(200);
}

#[tokio::test]
async fn the_records_may_be_away() {
    let gateway = TestGateway::start_with(&[("records.url", "sqlite:///nowhere/records.db")]).await;
    let report = wait_for(&gateway, true).await;
    let records = report["parts"].as_array().unwrap().iter().find(|part| part["name"] == "records");
    assert_eq!(records.unwrap()["ok"], false);
    let admin = gateway.admin_key.clone();
    assert_eq!(gateway.get(&admin, "/v1/webhooks/deliveries").await.error(503), "unavailable");
}

#[tokio::test]
async fn the_api_describes_itself_and_is_measured() {
    let gateway = TestGateway::start().await;
    let api = send(gateway.request(Method::GET, "/openapi.json")).await.expect(200);
    assert_eq!(api["info"]["title"], "Millrace");
    let page = send(gateway.request(Method::GET, "/docs/")).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.headers["content-type"], "text/html");
    let metrics = send(gateway.request(Method::GET, "/metrics")).await;
    let text = String::from_utf8_lossy(&metrics.bytes);
    let line = r#"millrace_http_requests_total{method="GET",route="/openapi.json",status="200"} 1"#;
    assert!(text.contains(line), "{text}");
}
