//! The promise: what was accepted ends, whatever is killed meanwhile.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::service::{Service, send_json};
use super::{line, watch};
use crate::failure::Failure;
use crate::output::text;

/// How long a job may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// Tells of a job that runs while the process is killed.
pub(super) async fn tell(service: &mut Service) -> Result<(), Failure> {
    let body = json!({"operation": "diagnostic.sleep", "input": {"ms": 2000}});
    let job = send_json(service.post("/v1/jobs").json(&body)).await?;
    let id = text(&job, "/id");
    line(&format!("POST /v1/jobs  diagnostic.sleep ms=2000  ← 202 {id}"));
    let deadline = Instant::now() + PATIENCE;
    while text(&send_json(service.get(&format!("/v1/jobs/{id}"))).await?, "/status") != "running" {
        if Instant::now() > deadline {
            return Err(Failure::general("the job did not start"));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    line("→ running    attempt 1");
    line(
        "kill -9: gateway, worker, dispatcher and keeper are gone; starting again on the same directory",
    );
    service.kill_and_restart().await?;
    let ended = watch::follow(service, &id).await?;
    if text(&ended, "/status") != "succeeded" {
        return Err(Failure::general(format!("the job ended {}", text(&ended, "/status"))));
    }
    Ok(())
}
