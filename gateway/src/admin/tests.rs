use serde_json::json;

use crate::testing::{TestGateway, send};

#[tokio::test]
async fn a_key_works_until_it_is_revoked() {
    let gateway = TestGateway::start().await;
    let key = gateway.user_key("acme").await;
    assert_eq!(gateway.get(&key, "/v1/webhooks/endpoints").await.status, 200);
    assert_eq!(gateway.get(&key, "/v1/admin/keys").await.error(403), "permission_denied");
    assert_eq!(gateway.get("mr_nonsense", "/v1/admin/keys").await.error(401), "invalid_api_key");
    let keyless = send(gateway.request(reqwest::Method::GET, "/v1/admin/keys")).await;
    assert_eq!(keyless.error(401), "invalid_api_key");
    assert_eq!(keyless.headers["www-authenticate"], "Bearer");

    let admin = gateway.admin_key.clone();
    let list = gateway.get(&admin, "/v1/admin/keys").await.expect(200);
    assert!(!list.to_string().contains("mr_"), "no list shows a key");
    let of_acme = list["data"].as_array().unwrap().iter().find(|key| key["tenant"] == "acme");
    let id = of_acme.unwrap()["id"].as_str().unwrap();
    let revoke = format!("/v1/admin/keys/{id}/revoke");
    let revoked = gateway.post(&admin, &revoke, &json!({})).await.expect(200);
    assert!(revoked["revoked_at"].is_string());
    assert_eq!(gateway.get(&key, "/v1/webhooks/endpoints").await.status, 401);
}

#[tokio::test]
async fn nobody_locks_everybody_out() {
    let gateway = TestGateway::start().await;
    let admin = gateway.admin_key.clone();
    let list = gateway.get(&admin, "/v1/admin/keys").await.expect(200);
    let id = list["data"][0]["id"].as_str().unwrap();
    let revoke = format!("/v1/admin/keys/{id}/revoke");
    assert_eq!(gateway.post(&admin, &revoke, &json!({})).await.error(409), "conflict");
    let unknown = gateway.post(&admin, "/v1/admin/keys/key_x/revoke", &json!({})).await;
    assert_eq!(unknown.error(404), "not_found");
    let bad = gateway.post(&admin, "/v1/admin/keys", &json!({ "tenant": "No Such" })).await;
    assert_eq!(bad.expect(422)["error"]["param"], "tenant");
}

#[tokio::test]
async fn operators_see_workers_and_queues() {
    let gateway = TestGateway::start().await;
    let admin = gateway.admin_key.clone();
    gateway.parts.bus.ensure_model_consumers("diagnostic", "diagnostic").await.unwrap();
    let queues = gateway.get(&admin, "/v1/admin/queues").await.expect(200);
    assert_eq!(queues["data"].as_array().unwrap().len(), 3, "{queues}");
    assert!(queues["streams"].as_array().unwrap().iter().any(|one| one["name"] == "JOB_EVENTS"));
    let workers = gateway.get(&admin, "/v1/admin/workers").await.expect(200);
    assert!(workers["data"].as_array().unwrap().is_empty());
}
