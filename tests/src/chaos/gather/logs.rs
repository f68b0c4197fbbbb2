//! What the workers' logs say.

use std::path::Path;

use common::clock::Timestamp;
use serde_json::Value;

use crate::chaos::checker::EngineRun;

/// The engines that began.
pub(super) fn engine_runs(folder: &Path) -> anyhow::Result<Vec<EngineRun>> {
    let mut runs = Vec::new();
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        if !name.starts_with("worker-") || path.extension().is_none_or(|end| end != "log") {
            continue;
        }
        let log = std::fs::read(&path)?;
        runs.extend(String::from_utf8_lossy(&log).lines().filter_map(begun));
    }
    Ok(runs)
}

/// The engine that begins in this line.
fn begun(line: &str) -> Option<EngineRun> {
    let said = serde_json::from_str::<Value>(line).ok()?;
    if said["message"] != "the engine begins" {
        return None;
    }
    let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
    Some(EngineRun {
        at: Timestamp::parse(&text("timestamp")).ok()?,
        job: text("job.id"),
        attempt: said["job.attempt"].as_u64().unwrap_or_default(),
        run: text("run.id"),
        is_call: said["span"]["name"] == "call",
    })
}
