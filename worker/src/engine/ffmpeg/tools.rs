//! The programs that the engine uses, found once at start.

use std::env;
use std::path::{Path, PathBuf};

/// Why the engine can not start here.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A program is missing.
    #[error(
        "{0} is not on the PATH: install ffmpeg (Debian, Ubuntu: apt-get install ffmpeg; macOS: brew install \
         ffmpeg) or turn this engine off (worker.ffmpeg.enabled = false)"
    )]
    Missing(&'static str),
    /// A program is there, but does not run.
    #[error("{0} does not run here: {1}")]
    Broken(&'static str, String),
    /// The sandbox is demanded and not to be had.
    #[error(
        "worker.ffmpeg.sandbox is \"require\", but no sandbox can be had: {0} (Debian, Ubuntu: apt-get install \
         bubblewrap; a container must allow user namespaces)"
    )]
    NoSandbox(String),
}

/// Where the programs lie.
#[derive(Clone, Debug)]
pub(super) struct Tools {
    pub(super) ffmpeg: PathBuf,
    pub(super) ffprobe: PathBuf,
    /// bubblewrap.
    pub(super) bwrap: Option<PathBuf>,
    /// util-linux: resource limits for a program that has not started yet.
    pub(super) prlimit: Option<PathBuf>,
    /// util-linux: drops privileges and ties a program's life to ours.
    pub(super) setpriv: Option<PathBuf>,
}

impl Tools {
    /// Looks on the PATH.
    pub(super) fn find() -> Result<Self, SetupError> {
        Ok(Self {
            ffmpeg: on_path("ffmpeg").ok_or(SetupError::Missing("ffmpeg"))?,
            ffprobe: on_path("ffprobe").ok_or(SetupError::Missing("ffprobe"))?,
            bwrap: on_path("bwrap"),
            prlimit: on_path("prlimit"),
            setpriv: on_path("setpriv"),
        })
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    // Absolute and without links, because the sandbox shows the program at its real place only.
    env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|file| is_program(file))
        .and_then(|file| file.canonicalize().ok())
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_says_what_to_install() {
        let message = SetupError::Missing("ffprobe").to_string();
        assert!(
            message.contains("ffprobe is not on the PATH")
                && message.contains("apt-get install ffmpeg")
        );
        assert!(on_path("no-such-program-anywhere").is_none());
    }
}
