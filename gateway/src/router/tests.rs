use reqwest::Method;
use serde_json::json;

use crate::testing::{TestGateway, send};

#[tokio::test]
async fn every_failure_has_the_same_body() {
    let gateway = TestGateway::start_with(&[("gateway.body_limit", "1KB")]).await;
    let admin = gateway.admin_key.clone();
    let missing = gateway.get(&admin, "/v1/nothing").await;
    assert_eq!(missing.error(404), "not_found");
    assert_eq!(missing.headers["x-content-type-options"], "nosniff");
    let method = gateway.delete(&admin, "/v1/admin/keys").await;
    assert_eq!(method.error(405), "malformed_request");
    assert!(method.headers["allow"].to_str().unwrap().contains("POST"));

    let post = || gateway.request(Method::POST, "/v1/admin/keys").bearer_auth(&admin);
    let json = "application/json";
    let broken = send(post().header("content-type", json).body("{\"tenant\": }")).await;
    assert!(broken.expect(400)["error"]["message"].as_str().unwrap().contains("line 1"));
    let untyped = send(post().body("{}")).await;
    assert_eq!(untyped.error(400), "malformed_request");
    let unknown = gateway.post(&admin, "/v1/admin/keys", &json!({ "tenant": "a", "x": 1 })).await;
    assert_eq!(unknown.expect(422)["error"]["param"], "x");
    let large =
        gateway.post(&admin, "/v1/admin/keys", &json!({ "tenant": "a".repeat(2000) })).await;
    assert_eq!(large.error(413), "too_large");
}

#[tokio::test]
async fn a_request_keeps_its_id() {
    let gateway = TestGateway::start().await;
    let named = gateway.request(Method::GET, "/livez").header("x-request-id", "mine-1");
    assert_eq!(send(named).await.headers["x-request-id"], "mine-1");
    let unnamed = send(gateway.request(Method::GET, "/livez")).await;
    assert_eq!(unnamed.headers["x-request-id"].len(), 32);
}

#[tokio::test]
async fn only_named_pages_may_call() {
    let gateway = TestGateway::start_with(&[("gateway.cors_origins", "https://app.example")]).await;
    let preflight = async |origin: &str, path: &str| {
        let request = gateway
            .request(Method::OPTIONS, path)
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization");
        send(request).await.headers
    };
    let allowed = preflight("https://app.example", "/v1/files").await;
    assert_eq!(allowed["access-control-allow-origin"], "https://app.example");
    assert_eq!(allowed["access-control-allow-headers"], "authorization");
    let refused = preflight("https://evil.example", "/v1/files").await;
    assert!(!refused.contains_key("access-control-allow-origin"));
}
