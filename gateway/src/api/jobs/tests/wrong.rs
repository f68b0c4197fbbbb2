//! Requests that can not be read: every wrong field is named, in words for people.

use reqwest::Method;
use serde_json::{Value, json};

use super::{form, keys};
use crate::testing::{TestGateway, send};

/// The wrong fields of an error, sorted.
fn named(error: &Value) -> Vec<&str> {
    let fields = error["fields"].as_array().unwrap();
    let mut names: Vec<_> = fields.iter().map(|field| field["field"].as_str().unwrap()).collect();
    names.sort_unstable();
    names
}

fn said<'a>(error: &'a Value, field: &str) -> &'a str {
    let fields = error["fields"].as_array().unwrap();
    let found = fields.iter().find(|one| one["field"] == field).unwrap();
    found["message"].as_str().unwrap()
}

#[tokio::test]
async fn shape_and_meaning_are_judged_in_one_answer() {
    let gateway = TestGateway::start().await;
    let job = json!({
        "operation": "diagnostic.echo", "foo": 1, "lane": "fast", "max_attempts": 0,
        "run_at": "tomorrow", "deadline": "x", "metadata": { "a": 1 }, "webhook": "ftp://x",
        "input": {},
    });
    let wanted = ["deadline", "foo", "lane", "max_attempts", "metadata.a", "run_at", "webhook"];
    let answer = gateway.post(&gateway.admin_key, "/v1/jobs", &job).await.expect(422);
    let error = &answer["error"];
    assert_eq!(named(error), wanted);
    assert_eq!(said(error, "lane"), "must be one of: normal, bulk");
    assert_eq!(said(error, "metadata.a"), "must be a text");
    let batch =
        json!({ "jobs": [job, { "operation": "diagnostic.echo", "max_attempts": "3" }, 7] });
    let answer = gateway.post(&gateway.admin_key, "/v1/jobs/batch", &batch).await.expect(200);
    assert_eq!(named(&answer["data"][0]["error"]), wanted);
    assert_eq!(said(&answer["data"][1]["error"], "max_attempts"), "must be a whole number");
    assert_eq!(said(&answer["data"][2]["error"], "body"), "must be a JSON object");
}

#[tokio::test]
async fn a_file_has_one_source() {
    let gateway = TestGateway::start().await;
    let one = "give exactly one of file_id, url, data";
    for source in [json!({}), json!({ "data": "aGk=", "url": "https://x.com" })] {
        let job = json!({ "operation": "media.probe", "files": { "source": source } });
        let answer = gateway.post(&gateway.admin_key, "/v1/jobs", &job).await.expect(422);
        assert_eq!(named(&answer["error"]), ["files.source"]);
        assert_eq!(said(&answer["error"], "files.source"), one);
        let batch = json!({ "jobs": [job] });
        let answer = gateway.post(&gateway.admin_key, "/v1/jobs/batch", &batch).await.expect(200);
        assert_eq!(said(&answer["data"][0]["error"], "files.source"), one);
        let request = gateway.request(Method::POST, "/v1/jobs").bearer_auth(&gateway.admin_key);
        let text = job.to_string();
        let parts = [("other", Some("a"), b"x".as_slice()), ("job", None, text.as_bytes())];
        let answer = send(form(request, &parts)).await.expect(422);
        assert_eq!(named(&answer["error"]), ["files.other", "files.source"]);
    }
    let job = json!({ "operation": "media.probe", "files": { "source": "https://x.com" } });
    let answer = gateway.post(&gateway.admin_key, "/v1/jobs", &job).await.expect(422);
    assert_eq!(said(&answer["error"], "files.source"), "must be a JSON object");
}

#[tokio::test]
async fn a_form_whose_job_is_not_json_leaves_no_file() {
    let gateway = TestGateway::start().await;
    let request = gateway.request(Method::POST, "/v1/jobs").bearer_auth(&gateway.admin_key);
    let parts = [("source", Some("a"), b"x".as_slice()), ("job", None, b"{".as_slice())];
    assert_eq!(send(form(request, &parts)).await.error(400), "malformed_request");
    assert!(keys(&gateway).await.is_empty());
}

#[tokio::test]
async fn words_of_rust_stay_here() {
    let gateway = TestGateway::start().await;
    let answer = gateway.post(&gateway.admin_key, "/v1/jobs", &json!([])).await.expect(422);
    assert_eq!(answer["error"]["message"], "body: must be a JSON object");
    let sleep = json!({ "operation": "diagnostic.sleep", "input": {} });
    let answer = gateway.post(&gateway.admin_key, "/v1/jobs", &sleep).await.expect(422);
    assert_eq!(answer["error"]["message"], "input: ms is missing");
    let id = "00000000-0000-7000-8000-000000000000";
    for query in [format!("{id}?wait=abc"), format!("{id}/events?after=abc")] {
        let answer = gateway.get(&gateway.admin_key, &format!("/v1/jobs/{query}")).await;
        let message = answer.expect(422)["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.ends_with(": must be a whole number"), "{message}");
    }
    let endpoint = json!({ "url": "ftp://x", "events": ["job.done"], "description": 7, "x": 1 });
    let answer = gateway.post(&gateway.admin_key, "/v1/webhooks/endpoints", &endpoint).await;
    assert_eq!(named(&answer.expect(422)["error"]), ["description", "events[0]", "url", "x"]);
}
