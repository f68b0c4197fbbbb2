//! What a media tool's last words mean, in sentences that a person understands. The words themselves are logged and
//! never shown: they are full of paths and of the tool's inner life.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use common::error_code::ErrorCode;

use crate::engine::EngineError;

/// bubblewrap and shells report a death by signal as this plus the signal.
const SIGNAL_BASE: i32 = 128;
const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;
const SIGXFSZ: i32 = 25;

/// Why a tool that read the `role` file ended with `status`.
pub(super) fn explain(status: ExitStatus, stderr: &str, role: &str) -> EngineError {
    tracing::info!(%status, stderr = %excerpt(stderr), "a media tool refused its work");
    match signal(status) {
        Some(SIGXFSZ) => {
            return fail(ErrorCode::TooLarge, "the result would be larger than is allowed");
        }
        Some(SIGXCPU) => {
            return fail(ErrorCode::TooLarge, "the work takes more time than is allowed");
        }
        // Not by us: a machine that is out of memory does this, and so does the limit of processor time.
        Some(SIGKILL) => {
            return EngineError::retry(
                ErrorCode::EngineFailed,
                "the media tool was stopped by the system",
            );
        }
        _ => {}
    }
    if let Some(kind) = not_allowed(stderr) {
        return if matches!(kind, "hls" | "concat" | "dash" | "applehttp" | "sdp" | "imf") {
            let message = format!(
                "the {role} file is a playlist that names other files; playlists are refused"
            );
            fail(ErrorCode::InvalidInput, message)
        } else if is_picture(kind) {
            fail(
                ErrorCode::InvalidInput,
                format!("the {role} file is a picture of a kind that is not supported here"),
            )
        } else {
            fail(
                ErrorCode::InvalidInput,
                format!("the {role} file is of a kind that is not supported ({kind})"),
            )
        };
    }
    for (words, code, message) in KNOWN {
        if stderr.contains(words) {
            return fail(*code, message.replace("{role}", role));
        }
    }
    if stderr.contains("No space left on device") {
        return EngineError::retry(ErrorCode::EngineFailed, "the worker has no room for files now");
    }
    fail(ErrorCode::EngineFailed, "ffmpeg could not do this with this file")
}

/// Why ffprobe, which was to describe the `role` file under its `name`, ended with `status`. That it gave up on the
/// very file is the file's fault whatever its reason: each reader has its own words for a file that it can not follow.
pub(super) fn explain_probe(
    status: ExitStatus,
    stderr: &str,
    name: &str,
    role: &str,
) -> EngineError {
    let unknown = explain(status, stderr, role);
    let ours = |reason: &str| OURS.iter().any(|words| reason.contains(words));
    let about_file = format!("file:{name}: ");
    let gave_up = status.code() == Some(1)
        && stderr.lines().any(|line| line.strip_prefix(&about_file).is_some_and(|why| !ours(why)));
    match unknown {
        EngineError::Fail(error) if error.code == ErrorCode::EngineFailed && gave_up => {
            unreadable(role)
        }
        other => other,
    }
}

/// The `role` file is nothing that a media tool can read.
pub(super) fn unreadable(role: &str) -> EngineError {
    fail(ErrorCode::InvalidInput, UNREADABLE.replace("{role}", role))
}

/// The tool did not start: the machine's fault, and it may pass.
pub(super) fn not_started(error: &std::io::Error) -> EngineError {
    tracing::error!(error = %error, "a media tool does not start");
    EngineError::retry(ErrorCode::EngineFailed, "the worker can not start its media tool now")
}

/// The last words of a tool, bounded for the log.
pub(super) fn excerpt(stderr: &str) -> String {
    let start = stderr.char_indices().rev().nth(1_000).map_or(0, |(at, _)| at);
    stderr[start..].trim().to_owned()
}

const UNREADABLE: &str = "the {role} file is damaged, or is not a media file of a supported kind";

/// Reasons for not opening a file that are the worker's and not the file's.
const OURS: [&str; 4] =
    ["Permission denied", "No such file", "Too many open files", "No space left on device"];

type Known = (&'static str, ErrorCode, &'static str);

/// In the order of their weight: the first that fits is the cause, later ones its consequences.
const KNOWN: &[Known] = &[
    (
        "moov atom not found",
        ErrorCode::InvalidInput,
        "the {role} file is incomplete: its index is missing, as after an interrupted upload or recording",
    ),
    (
        "max_pixels",
        ErrorCode::TooLarge,
        "the {role} file has pictures that are larger than is allowed",
    ),
    (
        "exceeds specified max pixel count",
        ErrorCode::TooLarge,
        "the {role} file has pictures that are larger than is allowed",
    ),
    (
        "Picture size",
        ErrorCode::TooLarge,
        "the {role} file has pictures that are larger than is allowed",
    ),
    ("Cannot allocate memory", ErrorCode::TooLarge, "the work needs more memory than is allowed"),
    ("File too large", ErrorCode::TooLarge, "the result would be larger than is allowed"),
    ("Unknown encoder", ErrorCode::EngineFailed, "this worker's ffmpeg can not write this format"),
    (
        "is not a suitable output format",
        ErrorCode::EngineFailed,
        "this worker's ffmpeg can not write this format",
    ),
    (
        "Error while opening encoder",
        ErrorCode::InvalidRequest,
        "the format can not be written with these parameters",
    ),
    (
        "Error initializing output stream",
        ErrorCode::InvalidRequest,
        "the format can not be written with these parameters",
    ),
    ("Invalid data found when processing input", ErrorCode::InvalidInput, UNREADABLE),
    ("End of file", ErrorCode::InvalidInput, "the {role} file ends too early"),
    ("Error while decoding", ErrorCode::InvalidInput, "the {role} file is damaged"),
    ("could not find codec parameters", ErrorCode::InvalidInput, "the {role} file is damaged"),
    ("Could not find codec parameters", ErrorCode::InvalidInput, "the {role} file is damaged"),
];

/// The demuxer that wanted to open the file, if it was not on our list: `[hls @ 0x5] Format not on whitelist '…'`.
fn not_allowed(stderr: &str) -> Option<&str> {
    let line = stderr.lines().find(|line| line.contains("not on whitelist"))?;
    let name = line.strip_prefix('[')?.split([' ', ',', ']']).next()?;
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_').then_some(name)
}

/// ffmpeg's readers of still images: `image2`, and `png_pipe` and its like for each kind.
fn is_picture(reader: &str) -> bool {
    reader.ends_with("_pipe") || reader == "image2" || reader == "alias_pix"
}

fn signal(status: ExitStatus) -> Option<i32> {
    let inside = status.code().filter(|code| *code > SIGNAL_BASE && *code < SIGNAL_BASE + 64);
    status.signal().or(inside.map(|code| code - SIGNAL_BASE))
}

fn fail(code: ErrorCode, message: impl Into<String>) -> EngineError {
    EngineError::fail(code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(raw_status: i32, stderr: &str) -> (ErrorCode, String, bool) {
        match explain(ExitStatus::from_raw(raw_status), stderr, "source") {
            EngineError::Fail(error) | EngineError::Retry { error, .. } => {
                (error.code, error.message, error.retryable)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn playlists_are_called_playlists() {
        let stderr =
            "[hls @ 0x55] Format not on whitelist 'mov,mp4'\nfile:in.bin: Invalid argument\n";
        let (code, text, _) = message(1 << 8, stderr);
        assert_eq!(code, ErrorCode::InvalidInput);
        assert!(text.contains("playlist"), "{text}");
        let (_, text, _) = message(1 << 8, "[tty @ 0x5] Format not on whitelist 'mov'\n");
        assert!(text.contains("not supported (tty)"), "{text}");
        let (_, text, _) = message(1 << 8, "[svg_pipe @ 0x5] Format not on whitelist 'mov'\n");
        assert!(text.contains("is a picture of a kind") && !text.contains("pipe"), "{text}");
    }

    #[test]
    fn the_cause_goes_before_its_consequences_and_no_path_is_shown() {
        let stderr = "[mov,mp4 @ 0x5] moov atom not found\nfile:/work/in.bin: Invalid data found when processing input";
        let (code, text, retryable) = message(1 << 8, stderr);
        assert_eq!((code, retryable), (ErrorCode::InvalidInput, false));
        assert!(text.contains("source file is incomplete") && !text.contains('/'), "{text}");
    }

    #[test]
    fn a_file_that_the_probe_gives_up_on_is_the_files_fault_and_nothing_else_is() {
        let code = |raw_status: i32, stderr: &str| {
            let status = ExitStatus::from_raw(raw_status);
            match explain_probe(status, stderr, "in.bin", "source") {
                EngineError::Fail(error) | EngineError::Retry { error, .. } => error.code,
                other => panic!("{other:?}"),
            }
        };
        let strayed = "[mp3 @ 0x5] Failed to read frame size: Could not seek to 6023.\nfile:in.bin: Invalid argument\n";
        assert_eq!(code(1 << 8, strayed), ErrorCode::InvalidInput);
        for ours in [
            "",
            "bwrap: setting up uid map: Permission denied\n",
            "file:in.bin: Permission denied\n",
            "file:in.bin: No such file or directory\n",
            "/usr/bin/ffprobe: error while loading shared libraries: libav.so: Invalid argument\n",
        ] {
            assert_eq!(code(1 << 8, ours), ErrorCode::EngineFailed, "{ours}");
        }
        assert_eq!(code((128 + SIGKILL) << 8, strayed), ErrorCode::EngineFailed);
    }

    #[test]
    fn limits_are_told_apart_with_and_without_the_sandbox() {
        assert_eq!(message(SIGXFSZ, "").0, ErrorCode::TooLarge);
        assert_eq!(message((128 + SIGXFSZ) << 8, "").0, ErrorCode::TooLarge);
        assert!(message((128 + SIGKILL) << 8, "").2, "killed by the system: may pass");
        assert!(message(1 << 8, "out.mp4: No space left on device").2);
        assert_eq!(message(1 << 8, "something new").0, ErrorCode::EngineFailed);
    }
}
