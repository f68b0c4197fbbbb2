//! Media files, made and looked at with the real ffmpeg.

use std::path::Path;
use std::process::{Command, Stdio};

use bytes::Bytes;
use reqwest::multipart::{Form, Part};
use serde_json::Value;

/// What ffmpeg makes of these arguments, in this container.
pub fn made(arguments: &str, container: &str) -> Bytes {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("made");
    let output = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-y"])
        .args(arguments.split_whitespace())
        .args(["-f", container])
        .arg(&path)
        .stdin(Stdio::null())
        .output()
        .expect("ffmpeg is there; `make setup` brings it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(path).expect("ffmpeg wrote it").into()
}

/// A film with sound, so many seconds long.
pub fn film(seconds: f64) -> Bytes {
    let arguments = format!(
        "-f lavfi -i testsrc2=s=320x180:r=25:d={seconds} -f lavfi -i sine=f=440:d={seconds} \
         -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac"
    );
    made(&arguments, "mp4")
}

/// A film that takes long to be made larger.
pub fn long_film() -> Bytes {
    let source = "-f lavfi -i testsrc2=s=640x360:r=50:d=20 -c:v libx264 -preset ultrafast";
    made(&format!("{source} -pix_fmt yuv420p"), "mp4")
}

/// What ffprobe says about a file.
pub fn probed(bytes: &[u8]) -> Value {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), bytes).expect("it can be written");
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-of", "json", "-show_format", "-show_streams"])
        .arg(file.path())
        .stdin(Stdio::null())
        .output()
        .expect("ffprobe is there; `make setup` brings it");
    serde_json::from_slice(&output.stdout).expect("ffprobe writes JSON")
}

/// A job as a form, with one source file.
pub fn form_of(job: &Value, name: &str, source: &Bytes) -> Form {
    let name = Path::new(name).to_string_lossy().into_owned();
    let part = Part::bytes(source.to_vec()).file_name(name);
    Form::new().text("job", job.to_string()).part("source", part)
}
