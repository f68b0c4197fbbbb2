//! What a source may be. Headers lie, so the same limits hold again at run time; but an honest file that is too
//! large is refused here, before any work, with a clear word.

use common::error_code::ErrorCode;

use super::MediaInfo;
use crate::engine::EngineError;
use crate::engine::ffmpeg::options::FfmpegOptions;

/// More tracks than any film has.
const MOST_TRACKS: usize = 64;
/// Slow motion is recorded with up to 240 pictures per second.
const HIGHEST_RATE: f64 = 300.0;

/// The codecs that are decoded, in ffmpeg's names: those of the formats that are read. Hundreds more are compiled
/// in; each is a parser of hostile bytes.
const CODECS: &[&str] = &[
    "av1",
    "h263",
    "h264",
    "hevc",
    "vp8",
    "vp9",
    "mpeg1video",
    "mpeg2video",
    "mpeg4",
    "msmpeg4v2",
    "msmpeg4v3",
    "wmv1",
    "wmv2",
    "wmv3",
    "vc1",
    "theora",
    "flv1",
    "vp6",
    "vp6f",
    "mjpeg",
    "prores",
    "dnxhd",
    "dvvideo",
    "gif",
    "png",
    "aac",
    "mp1",
    "mp2",
    "mp3",
    "ac3",
    "eac3",
    "dts",
    "truehd",
    "opus",
    "vorbis",
    "flac",
    "alac",
    "speex",
    "amr_nb",
    "amr_wb",
    "wmav1",
    "wmav2",
    "wmapro",
    "nellymoser",
];

/// Refuses what is too much or too strange.
pub(in crate::engine::ffmpeg) fn admit(
    info: &MediaInfo,
    options: &FfmpegOptions,
) -> Result<(), EngineError> {
    let longest = options.max_duration.as_secs_f64();
    if let Some(duration) = info.duration_s.filter(|duration| *duration > longest) {
        return Err(too_large(format!(
            "the source is {duration:.0} s long; at most {longest:.0} s are allowed"
        )));
    }
    if let Some(video) = &info.video {
        let pixels = u64::from(video.width) * u64::from(video.height);
        if pixels > options.max_pixels {
            let (width, height) = (video.width, video.height);
            let most = options.max_pixels;
            let message = format!(
                "the source has pictures of {width} x {height}; at most {most} pixels are allowed"
            );
            return Err(too_large(message));
        }
        if let Some(fps) = video.fps.filter(|fps| *fps > HIGHEST_RATE) {
            let message = format!(
                "the source has {fps:.0} pictures per second; at most {HIGHEST_RATE:.0} are allowed"
            );
            return Err(too_large(message));
        }
        known_codec(&video.codec)?;
    }
    if info.tracks > MOST_TRACKS {
        let message =
            format!("the source has {} tracks; at most {MOST_TRACKS} are allowed", info.tracks);
        return Err(too_large(message));
    }
    info.audio.as_ref().map_or(Ok(()), |audio| known_codec(&audio.codec))
}

fn known_codec(codec: &str) -> Result<(), EngineError> {
    if CODECS.contains(&codec) || codec.starts_with("pcm_") || codec.starts_with("adpcm_") {
        return Ok(());
    }
    let message = format!("the source uses the codec '{codec}', which is not supported");
    Err(EngineError::fail(ErrorCode::InvalidInput, message))
}

fn too_large(message: String) -> EngineError {
    EngineError::fail(ErrorCode::TooLarge, message)
}
