//! The second call style: queued, and followed.

use serde_json::json;

use super::input::Input;
use super::service::{Service, send, send_json};
use super::{line, watch};
use crate::failure::Failure;
use crate::output::text;

/// Tells of a media job.
pub(super) async fn tell(service: &Service, input: &Input) -> Result<(), Failure> {
    let bytes = std::fs::read(&input.path)
        .map_err(|error| Failure::general(format!("{}: {error}", input.path.display())))?;
    let size = bytes.len() as u64;
    let name = input.path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_else(|| "input".to_owned());
    let body = json!({"operation": input.operation, "input": input.parameters});
    line(&format!(
        "POST /v1/jobs  {} {}  with {name} ({})",
        input.operation,
        input.parameters,
        kilobytes(size)
    ));
    let form = reqwest::multipart::Form::new()
        .text("job", body.to_string())
        .part("source", reqwest::multipart::Part::bytes(bytes).file_name(name));
    let job = send_json(service.post("/v1/jobs").multipart(form)).await?;
    let id = text(&job, "/id");
    line(&format!("← 202 {}  {id}", text(&job, "/status")));
    let ended = watch::follow(service, &id).await?;
    if text(&ended, "/status") != "succeeded" {
        return Err(Failure::general(format!("the media job ended {}", text(&ended, "/status"))));
    }
    for artifact in ended["artifacts"].as_array().into_iter().flatten() {
        let url = text(artifact, "/url");
        // Without a key, as a browser or a player would.
        let file = send(service.open(&url)).await?;
        let kind = file.headers().get("content-type").and_then(|value| value.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        let bytes = file.bytes().await.map_err(|error| Failure::general(error.to_string()))?;
        let short = url.split('?').next().unwrap_or_default();
        line(&format!("result  {} {kind} at {short}?… (signed)", kilobytes(bytes.len() as u64)));
    }
    Ok(())
}

fn kilobytes(bytes: u64) -> String {
    format!("{} KB", bytes.div_ceil(1000))
}
