//! The result document.

use common::job::Artifact;
use serde::Serialize;

use super::probe::MediaInfo;

/// What a job on media answers.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    /// What was given.
    pub(super) source: MediaInfo,
    /// What was made; absent for a probe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output: Option<Made>,
}

/// A file that was made.
#[derive(Debug, Serialize)]
pub(super) struct Made {
    /// The artifact's name.
    pub(super) name: String,
    /// Media type.
    pub(super) content_type: String,
    /// Size in bytes.
    pub(super) bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) duration_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) video_codec: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) audio_codec: Option<String>,
}

impl Made {
    /// The stored file, as it was probed.
    pub(super) fn new(artifact: &Artifact, info: MediaInfo) -> Self {
        Self {
            name: artifact.name.clone(),
            content_type: artifact.content_type.clone(),
            bytes: artifact.bytes,
            width: info.width,
            height: info.height,
            duration_s: info.duration_s,
            video_codec: info.video.map(|track| track.codec),
            audio_codec: info.audio.map(|track| track.codec),
        }
    }
}
