//! What the media job works on: the given file, or a video made up on the spot.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::failure::Failure;

/// A file and what is done to it.
pub(super) struct Input {
    pub(super) path: PathBuf,
    pub(super) operation: &'static str,
    pub(super) parameters: Value,
    /// Keeps a made-up file until the end.
    _dir: Option<tempfile::TempDir>,
}

const IMAGES: &[&str] = &["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif"];
const SOUNDS: &[&str] = &["mp3", "wav", "flac", "ogg", "opus", "m4a", "aac", "wma"];

/// Looks at the given file, or makes a video.
pub(super) fn prepare(given: Option<&Path>) -> Result<Input, Failure> {
    let Some(path) = given else { return make_video() };
    if !path.is_file() {
        return Err(Failure::not_found(format!("{} is no file", path.display())));
    }
    let extension =
        path.extension().and_then(|text| text.to_str()).unwrap_or_default().to_ascii_lowercase();
    let (operation, parameters) = if IMAGES.contains(&extension.as_str()) {
        ("image.scale", json!({"width": 320}))
    } else if SOUNDS.contains(&extension.as_str()) {
        ("audio.convert", json!({"format": "mp3"}))
    } else {
        ("video.scale", json!({"height": 180}))
    };
    Ok(Input { path: path.to_owned(), operation, parameters, _dir: None })
}

/// Eight seconds of a test card with a tone.
fn make_video() -> Result<Input, Failure> {
    let dir = tempfile::tempdir()
        .map_err(|error| Failure::general(format!("no scratch directory: {error}")))?;
    let path = dir.path().join("testcard.mp4");
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-loglevel", "error", "-y"])
        .args(["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30:duration=8"])
        .args(["-f", "lavfi", "-i", "sine=frequency=440:duration=8"])
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"])
        .arg(&path)
        .status();
    match made {
        Ok(status) if status.success() => Ok(Input {
            path,
            operation: "video.scale",
            parameters: json!({"height": 180}),
            _dir: Some(dir),
        }),
        Ok(status) => {
            Err(Failure::general(format!("ffmpeg can not make the test video: {status}")))
        }
        Err(error) => Err(Failure::general(format!(
            "ffmpeg can not be started: {error}; install it (Debian: apt-get install ffmpeg)"
        ))),
    }
}
