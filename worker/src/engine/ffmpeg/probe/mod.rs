//! What a file is, asked before anything is done with it.

mod admit;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod info;
mod raw;
#[cfg(test)]
mod tests;

pub(super) use admit::admit;
pub(super) use info::{AudioTrack, Kind, MediaInfo, Rational, VideoTrack};

use std::path::Path;
use std::time::Duration;

use common::error_code::ErrorCode;
use tokio_util::sync::CancellationToken;

use super::arguments::{Demuxers, input};
use super::failure;
use super::process;
use super::sandbox::Sandbox;
use crate::engine::EngineError;

/// A file that is not understood in this time is refused.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The most that a description may be long: files with thousands of tracks exist.
const LONGEST: usize = 1024 * 1024;

/// Describes the file `name` of `dir`, read with `demuxers` only. Errors speak of it as `role`.
pub(super) async fn probe(
    sandbox: &Sandbox,
    dir: &Path,
    name: &str,
    demuxers: Demuxers,
    role: &str,
    cancel: &CancellationToken,
) -> Result<MediaInfo, EngineError> {
    let bytes = tokio::fs::metadata(dir.join(name)).await.map_or(0, |meta| meta.len());
    if bytes == 0 {
        return Err(EngineError::fail(
            ErrorCode::InvalidInput,
            format!("the {role} file is empty"),
        ));
    }
    let mut command = sandbox.ffprobe(dir).map_err(|error| failure::not_started(&error))?;
    command.args(["-v", "error", "-show_format", "-show_streams", "-of", "json"]);
    command.args(input(demuxers, name));
    let mut description = Vec::new();
    let mut keep = |bytes: &[u8]| {
        let room = LONGEST.saturating_sub(description.len());
        description.extend_from_slice(&bytes[..bytes.len().min(room)]);
    };
    let finished = match process::run(command, cancel, TIMEOUT, &mut keep).await {
        Ok(finished) => finished,
        Err(process::Error::Canceled) => return Err(EngineError::Canceled),
        Err(process::Error::NotStarted(error)) => return Err(failure::not_started(&error)),
        Err(process::Error::TimedOut) => {
            let message =
                format!("the {role} file is not understood within {} s", TIMEOUT.as_secs());
            return Err(EngineError::fail(ErrorCode::InvalidInput, message));
        }
    };
    if !finished.status.success() {
        return Err(failure::explain_probe(finished.status, &finished.stderr, name, role));
    }
    let info = raw::read(&description).map(|raw| raw.into_info(bytes)).ok_or_else(|| {
        EngineError::fail(
            ErrorCode::InvalidInput,
            format!("the {role} file describes itself in no sane way"),
        )
    })?;
    // Some readers open anything and find nothing in it.
    if info.tracks == 0 { Err(failure::unreadable(role)) } else { Ok(info) }
}
