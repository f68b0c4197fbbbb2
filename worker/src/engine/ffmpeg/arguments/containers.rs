//! What each container can hold, so that tracks are copied instead of encoded where that is right.

use common::operation::media::VideoFormat;

use crate::engine::ffmpeg::probe::MediaInfo;

/// ffmpeg's name of the writer.
pub(in crate::engine::ffmpeg) const fn muxer(format: VideoFormat) -> &'static str {
    match format {
        VideoFormat::Mp4 => "mp4",
        VideoFormat::Mov => "mov",
        VideoFormat::Webm => "webm",
        VideoFormat::Mkv => "matroska",
        VideoFormat::Avi => "avi",
        VideoFormat::Wmv => "asf",
        VideoFormat::Mpeg => "mpeg",
        VideoFormat::Ts => "mpegts",
        VideoFormat::Ogg => "ogg",
        VideoFormat::Flv => "flv",
        VideoFormat::Gif => "gif",
    }
}

/// Whether players expect pictures of this codec in this container.
pub(in crate::engine::ffmpeg) fn holds_video(format: VideoFormat, codec: &str) -> bool {
    let codecs: &[&str] = match format {
        VideoFormat::Mp4 => &["h264", "hevc", "av1", "mpeg4"],
        VideoFormat::Mov => &["h264", "hevc", "mpeg4", "prores", "mjpeg"],
        VideoFormat::Webm => &["vp8", "vp9", "av1"],
        VideoFormat::Mkv => &[
            "h264",
            "hevc",
            "av1",
            "vp8",
            "vp9",
            "mpeg4",
            "mpeg2video",
            "mpeg1video",
            "theora",
            "mjpeg",
        ],
        VideoFormat::Avi => &["mpeg4", "mjpeg", "msmpeg4v3"],
        VideoFormat::Wmv => &["wmv1", "wmv2", "wmv3", "vc1"],
        VideoFormat::Mpeg => &["mpeg1video", "mpeg2video"],
        VideoFormat::Ts => &["h264", "hevc", "mpeg2video"],
        VideoFormat::Ogg => &["theora"],
        VideoFormat::Flv => &["h264", "flv1"],
        VideoFormat::Gif => &[],
    };
    codecs.contains(&codec)
}

/// Whether players expect sound of this codec in this container.
pub(in crate::engine::ffmpeg) fn holds_audio(format: VideoFormat, codec: &str) -> bool {
    let codecs: &[&str] = match format {
        VideoFormat::Mp4 => &["aac", "mp3", "ac3", "eac3", "alac"],
        VideoFormat::Mov => &["aac", "mp3", "ac3", "alac", "pcm_s16le"],
        VideoFormat::Webm => &["opus", "vorbis"],
        VideoFormat::Mkv => {
            &["aac", "mp3", "mp2", "ac3", "eac3", "dts", "opus", "vorbis", "flac", "pcm_s16le"]
        }
        VideoFormat::Avi => &["mp3", "mp2", "ac3", "pcm_s16le"],
        VideoFormat::Wmv => &["wmav1", "wmav2"],
        VideoFormat::Mpeg => &["mp2"],
        VideoFormat::Ts => &["aac", "mp3", "mp2", "ac3"],
        VideoFormat::Ogg => &["vorbis", "opus", "flac"],
        VideoFormat::Flv => &["aac"],
        VideoFormat::Gif => &[],
    };
    codecs.contains(&codec)
}

/// Whether a player of this container turns pictures as the source asked, without their being encoded anew.
pub(in crate::engine::ffmpeg) const fn keeps_rotation(format: VideoFormat) -> bool {
    matches!(format, VideoFormat::Mp4 | VideoFormat::Mov)
}

/// Whether the source notes the time of every packet. AVI and MPEG program streams do not, and copying from them
/// into another container goes wrong for pictures that are stored out of order.
pub(in crate::engine::ffmpeg) fn states_times(info: &MediaInfo) -> bool {
    !matches!(info.reader.as_str(), "avi" | "mpeg")
}

/// The format that the source itself is in, as far as it is one that is written here.
pub(in crate::engine::ffmpeg) fn own_format(info: &MediaInfo) -> VideoFormat {
    match info.reader.as_str() {
        "mov,mp4,m4a,3gp,3g2,mj2" if info.brand == "qt" => VideoFormat::Mov,
        "matroska,webm" => {
            let video = info
                .video
                .as_ref()
                .is_none_or(|track| holds_video(VideoFormat::Webm, &track.codec));
            let audio = info
                .audio
                .as_ref()
                .is_none_or(|track| holds_audio(VideoFormat::Webm, &track.codec));
            if video && audio { VideoFormat::Webm } else { VideoFormat::Mkv }
        }
        "avi" => VideoFormat::Avi,
        "asf" => VideoFormat::Wmv,
        "mpeg" => VideoFormat::Mpeg,
        "mpegts" => VideoFormat::Ts,
        "ogg" => VideoFormat::Ogg,
        "flv" => VideoFormat::Flv,
        "gif" => VideoFormat::Gif,
        _ => VideoFormat::Mp4,
    }
}
