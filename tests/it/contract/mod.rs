//! The running gateway against its own OpenAPI description, by schemathesis: whatever is sent, no fault of ours, and no
//! answer (status, media type, body) that the description does not tell of.
//!
//! `CONTRACT_EXAMPLES=200 CONTRACT_SEED=7` looks further; `make fuzz` does.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use tests::upstream::Upstream;
use tests::{Client, Fleet, within};
use tokio::process::Command;

/// Revokes keys: with the ids that lists tell of, also the one that the others are called with.
const REVOKE: &str = "/v1/admin/keys/{id}/revoke";
/// Not `negative_data_rejection` and `positive_data_acceptance`: the description is laxer than the rules that
/// each operation has for its parameters, and unknown fields of providers pass.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,missing_required_header,unsupported_method,\
    allow_header_conformance,use_after_free,ensure_resource_availability,ignored_auth";
/// For the few examples of every day. Longer runs may take their time.
const PATIENCE: Duration = Duration::from_secs(150);
const LONG_PATIENCE: Duration = Duration::from_hours(1);

fn setting(name: &str) -> Option<u32> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs the tester on a gateway, with the key of the client unless it has none.
async fn hold_to_contract(client: &Client, examples: u32, more: &[&str]) {
    let tester = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/contract/bin/st");
    let folder = tempfile::tempdir().unwrap();
    let longer = setting("CONTRACT_EXAMPLES");
    let mut command = Command::new(&tester);
    command
        .current_dir(folder.path())
        .arg("run")
        .arg(format!("{}/openapi.json", client.base()))
        .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing"])
        .args(["--generation-with-security-parameters", "false", "--generation-database", "none"])
        .args(["--max-examples", &longer.unwrap_or(examples).to_string()])
        .args(["--seed", &setting("CONTRACT_SEED").unwrap_or(1).to_string()])
        .args(["--request-timeout", "20", "--continue-on-failure", "--no-color", "--no-shrink"])
        // Says so when routes were not reached, which most random ids do not.
        .args(["--warnings", "off"])
        .args(more)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if !client.key().is_empty() {
        command.arg("--header").arg(format!("Authorization: Bearer {}", client.key()));
    }
    let limit = if longer.is_some() { LONG_PATIENCE } else { PATIENCE };
    let ran = within(limit, "the end of the contract's test", command.output()).await;
    let ran = ran.unwrap_or_else(|error| {
        panic!("{} does not start ({error}); run `make setup-test`", tester.display())
    });
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{told}\n{}", String::from_utf8_lossy(&ran.stderr));
    assert!(told.contains(" passed"), "nothing was tried: {told}");
}

#[tokio::test]
async fn the_gateway_answers_as_it_is_described() {
    let upstream = Upstream::start(&["tiny"]).await;
    let mut fleet = Fleet::builder()
        .llm(&upstream.url())
        .set("gateway.sync_timeout", "1s")
        .set("gateway.max_wait", "1s")
        .start()
        .await;
    // Jobs for later, for models that nobody has, and deliveries to nowhere stay.
    fleet.leaves_messages();
    let admin = fleet.client();
    admin.knows("tiny").await;
    let another = json!({ "tenant": "other", "role": "admin" });
    let another = admin.post("/v1/admin/keys").json(&another).send().await.expect(201);
    let another = admin.with_key(another["key"].as_str().unwrap());

    hold_to_contract(&admin, 6, &["--exclude-path", REVOKE]).await;
    hold_to_contract(&admin.with_key(""), 2, &[]).await;
    hold_to_contract(&another, 6, &["--include-path", REVOKE]).await;
}
