//! Following a job by its server-sent events.

use futures::StreamExt as _;
use serde_json::Value;

use super::line;
use super::service::{Service, send};
use crate::failure::Failure;
use crate::output::text;

/// Tells every state that a job passes until its end; returns the job as it ended.
pub(super) async fn follow(service: &Service, id: &str) -> Result<Value, Failure> {
    let response = send(service.get(&format!("/v1/jobs/{id}/events"))).await?;
    let (mut parts, mut buffer) = (response.bytes_stream(), String::new());
    let mut shown = 0;
    while let Some(part) = parts.next().await {
        let part =
            part.map_err(|error| Failure::general(format!("the events broke off: {error}")))?;
        buffer.push_str(&String::from_utf8_lossy(&part));
        while let Some((event, rest)) = buffer.split_once("\n\n") {
            let data = event.lines().find_map(|line| line.strip_prefix("data: "));
            let event: Value =
                data.and_then(|data| serde_json::from_str(data).ok()).unwrap_or_default();
            buffer = rest.to_owned();
            if let Some(progress) = event["progress"].as_f64() {
                let tenths = (progress * 10.0) as u32;
                if tenths > shown {
                    shown = tenths;
                    line(&format!("… {tenths}0 %"));
                }
                continue;
            }
            let job = &event["data"]["job"];
            if job.is_null() {
                continue;
            }
            tell_state(job);
            if is_over(&text(job, "/status")) {
                return Ok(job.clone());
            }
        }
    }
    Err(Failure::general("the events ended before the job did"))
}

fn tell_state(job: &Value) {
    let (status, attempt) = (text(job, "/status"), text(job, "/attempt"));
    let why = text(job, "/error/message");
    let why = if why.is_empty() { why } else { format!("  ({why})") };
    line(&format!("→ {status:<9}  attempt {attempt}{why}"));
}

fn is_over(status: &str) -> bool {
    matches!(status, "succeeded" | "failed" | "canceled" | "expired")
}
