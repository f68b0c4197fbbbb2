//! The programs that media work needs.

use std::process::Command;

use super::Finding;
use crate::programs::on_path;

pub(super) fn check() -> Vec<Finding> {
    let ffmpeg = if on_path("ffmpeg") && on_path("ffprobe") {
        Finding::good("ffmpeg", version())
    } else {
        Finding::note(
            "ffmpeg",
            "not on the path: this machine can not edit media (Debian: apt-get install ffmpeg)",
        )
    };
    let sandbox = if on_path("bwrap") {
        Finding::good(
            "sandbox",
            "bubblewrap is there: ffmpeg runs without network and host files, unless the worker warns at its start",
        )
    } else {
        Finding::note(
            "sandbox",
            "bubblewrap is not on the path: ffmpeg runs with resource limits only (Debian: apt-get install bubblewrap)",
        )
    };
    vec![ffmpeg, sandbox]
}

fn version() -> String {
    let output = Command::new("ffmpeg").arg("-version").output();
    output
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .and_then(|text| text.lines().next().map(str::to_owned))
        .unwrap_or_else(|| "is there, but does not tell its version".to_owned())
}
