//! Command lines, as pure functions. Nothing of a caller's text gets into them: they are built from checked numbers,
//! closed lists and the engine's own neutral file names.

mod audio;
mod containers;
mod encoders;

pub(super) use audio::{AudioTarget, sound};
pub(super) use containers::{
    holds_audio, holds_video, keeps_rotation, muxer, own_format, states_times,
};
pub(super) use encoders::{audio_encoder, still_encoder, video_encoder};

/// Which readers ffmpeg may choose from. It guesses by content, so a text that is a playlist is tried as one and
/// then names files of this machine: only a closed list of readers stops that (the list of protocols does not).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Demuxers {
    /// Films, sound, animated GIF and AVIF.
    Media,
    /// A PNG of our own making.
    Png,
    /// Pixels of our own making.
    Raw,
}

impl Demuxers {
    const fn list(self) -> &'static str {
        match self {
            Self::Media => {
                "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,avi,flv,mpeg,ogg,wav,mp3,flac,aac,asf,gif"
            }
            Self::Png => "png_pipe",
            Self::Raw => "rawvideo",
        }
    }
}

/// The arguments that open a file; the guards stand before the `-i` that they guard. The prefix makes sure that a
/// name is a plain file.
pub(super) fn input(demuxers: Demuxers, name: &str) -> Vec<String> {
    words(&[
        "-protocol_whitelist",
        "file,pipe",
        "-format_whitelist",
        demuxers.list(),
        "-i",
        &format!("file:{name}"),
    ])
}

/// The arguments that every call of ffmpeg begins with.
pub(super) fn head(threads: usize) -> Vec<String> {
    let threads = threads.to_string();
    let mut head = words(&[
        "-nostdin",
        "-hide_banner",
        "-loglevel",
        "error",
        "-y",
        "-progress",
        "pipe:1",
        "-nostats",
        "-stats_period",
        "0.5",
        "-max_alloc",
        "512000000",
    ]);
    head.extend(words(&["-filter_threads", &threads, "-filter_complex_threads", &threads]));
    head
}

/// The arguments that every output has: no metadata, no subtitles, no data, no chapters.
pub(super) fn tail(threads: usize, muxer: &str, name: &str) -> Vec<String> {
    words(&[
        "-map_metadata",
        "-1",
        "-map_metadata:s",
        "-1",
        "-map_chapters",
        "-1",
        "-sn",
        "-dn",
        "-max_muxing_queue_size",
        "1024",
        "-threads",
        &threads.to_string(),
        "-f",
        muxer,
        &format!("file:{name}"),
    ])
}

/// The most pixels of a picture, for the input that follows. A header may promise less than the pictures have.
pub(super) fn pixel_limit(max_pixels: u64) -> Vec<String> {
    words(&["-max_pixels", &max_pixels.min(i32::MAX as u64).to_string()])
}

pub(super) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_stand_before_the_input() {
        let line = input(Demuxers::Media, "in.bin").join(" ");
        assert!(line.starts_with("-protocol_whitelist file,pipe -format_whitelist mov,"), "{line}");
        assert!(line.ends_with("-i file:in.bin"), "{line}");
    }

    #[test]
    fn no_reader_on_the_lists_follows_references() {
        for list in [Demuxers::Media.list(), Demuxers::Png.list(), Demuxers::Raw.list()] {
            for reader in ["hls", "concat", "dash", "image2", "lavfi", "tty", "sdp", "tedcaptions"]
            {
                assert!(list.split(',').all(|name| name != reader), "{reader} in {list}");
            }
        }
    }
}
