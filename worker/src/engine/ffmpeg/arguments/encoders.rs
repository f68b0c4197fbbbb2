//! How tracks are encoded for each format.

use common::operation::media::{ImageFormat, VideoFormat};

use super::words;
use crate::engine::ffmpeg::probe::{AudioTrack, Rational};

/// The rates that MPEG-2 knows.
const MPEG_RATES: [Rational; 8] = [
    Rational { numerator: 24_000, denominator: 1_001 },
    Rational { numerator: 24, denominator: 1 },
    Rational { numerator: 25, denominator: 1 },
    Rational { numerator: 30_000, denominator: 1_001 },
    Rational { numerator: 30, denominator: 1 },
    Rational { numerator: 50, denominator: 1 },
    Rational { numerator: 60_000, denominator: 1_001 },
    Rational { numerator: 60, denominator: 1 },
];

/// What a source gets that states no rate.
const USUAL_RATE: Rational = Rational { numerator: 30, denominator: 1 };

/// Arguments for the pictures of `format`. `quality` is 1 to 100; `rate` is the source's.
pub(in crate::engine::ffmpeg) fn video_encoder(
    format: VideoFormat,
    quality: u32,
    rate: Option<Rational>,
) -> Vec<String> {
    let quality = f64::from(quality);
    // Each codec counts quality in its own way; 75 meets the usual default of each.
    let crf = |worst: f64, slope: f64| (worst - slope * quality).round().to_string();
    let scale = (31.0 - 0.35 * quality).round().max(2.0).to_string();
    let mut arguments = match format {
        VideoFormat::Mp4
        | VideoFormat::Mov
        | VideoFormat::Mkv
        | VideoFormat::Ts
        | VideoFormat::Flv => {
            words(&["-c:v", "libx264", "-preset", "veryfast", "-crf", &crf(51.0, 0.373)])
        }
        VideoFormat::Webm => words(&[
            "-c:v",
            "libvpx-vp9",
            "-deadline",
            "realtime",
            "-cpu-used",
            "6",
            "-row-mt",
            "1",
            "-crf",
            &crf(63.0, 0.4),
            "-b:v",
            "0",
        ]),
        VideoFormat::Avi => words(&["-c:v", "mpeg4", "-q:v", &scale]),
        VideoFormat::Wmv => words(&["-c:v", "wmv2", "-q:v", &scale]),
        VideoFormat::Mpeg => words(&["-c:v", "mpeg2video", "-q:v", &scale]),
        VideoFormat::Ogg => {
            words(&["-c:v", "libtheora", "-q:v", &(quality / 10.0).round().to_string()])
        }
        VideoFormat::Gif => words(&["-c:v", "gif", "-loop", "0"]),
    };
    if format != VideoFormat::Gif {
        arguments.extend(words(&["-pix_fmt", "yuv420p"]));
    }
    if matches!(format, VideoFormat::Mp4 | VideoFormat::Mov) {
        arguments.extend(words(&["-movflags", "+faststart"]));
    }
    if let Some(rate) = written_rate(format, rate) {
        arguments.extend(words(&["-r", &format!("{}/{}", rate.numerator, rate.denominator)]));
    }
    arguments
}

/// The rate that must be said, because the format has one, and can not have every one.
fn written_rate(format: VideoFormat, rate: Option<Rational>) -> Option<Rational> {
    if !matches!(format, VideoFormat::Mpeg | VideoFormat::Avi | VideoFormat::Wmv | VideoFormat::Ogg)
    {
        return None;
    }
    let Some(rate) = rate else { return Some(USUAL_RATE) };
    match format {
        VideoFormat::Mpeg => {
            let distance = |known: &Rational| (known.value() - rate.value()).abs();
            MPEG_RATES.into_iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))
        }
        // These count time in ticks of the rate, 16 bits wide.
        _ if rate.numerator > 65_535 => {
            let rounded = rate.value().round().clamp(1.0, 300.0) as u32;
            Some(Rational { numerator: rounded, denominator: 1 })
        }
        _ => None,
    }
}

/// Arguments for the sound of `format`.
pub(in crate::engine::ffmpeg) fn audio_encoder(
    format: VideoFormat,
    track: &AudioTrack,
) -> Vec<String> {
    let (codec, most_channels) = match format {
        VideoFormat::Mp4
        | VideoFormat::Mov
        | VideoFormat::Mkv
        | VideoFormat::Ts
        | VideoFormat::Flv => ("aac", 6),
        VideoFormat::Webm => ("libopus", 2),
        VideoFormat::Avi => ("libmp3lame", 2),
        VideoFormat::Wmv => ("wmav2", 2),
        VideoFormat::Mpeg => ("mp2", 2),
        VideoFormat::Ogg => ("libvorbis", 2),
        VideoFormat::Gif => return words(&["-an"]),
    };
    let mut arguments = words(&["-c:a", codec]);
    let channels = if track.channels > most_channels { 2 } else { track.channels.max(1) };
    if channels != track.channels {
        arguments.extend(words(&["-ac", &channels.to_string()]));
    }
    if codec == "libvorbis" {
        // A bit rate that does not suit the sample rate is refused; a quality always suits.
        arguments.extend(words(&["-q:a", "4"]));
    } else if track.sample_rate >= 32_000 {
        // At low sample rates the usual bit rate is more than some codecs can use, and they refuse it.
        arguments.extend(words(&["-b:a", &format!("{}k", (channels * 64).max(96))]));
    }
    if codec == "wmav2" && track.sample_rate > 48_000 {
        arguments.extend(words(&["-ar", "48000"]));
    }
    arguments
}

/// Arguments for a still image that is not written in process.
pub(in crate::engine::ffmpeg) fn still_encoder(format: ImageFormat, quality: u32) -> Vec<String> {
    match format {
        ImageFormat::Avif => {
            let crf = (63.0 - 0.55 * f64::from(quality)).round().max(0.0).to_string();
            words(&[
                "-c:v",
                "libaom-av1",
                "-still-picture",
                "1",
                "-cpu-used",
                "6",
                "-crf",
                &crf,
                "-pix_fmt",
                "yuv420p",
            ])
        }
        _ => {
            words(&["-c:v", "libwebp", "-compression_level", "4", "-quality", &quality.to_string()])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: VideoFormat, quality: u32, rate: (u32, u32)) -> String {
        let rate = Rational { numerator: rate.0, denominator: rate.1 };
        video_encoder(format, quality, Some(rate)).join(" ")
    }

    #[test]
    fn the_usual_quality_is_the_usual_setting() {
        assert!(line(VideoFormat::Mp4, 75, (25, 1)).contains("-crf 23 "));
        assert!(line(VideoFormat::Webm, 75, (25, 1)).contains("-crf 33 "));
        assert!(line(VideoFormat::Avi, 75, (25, 1)).contains("-q:v 5 "));
    }

    #[test]
    fn the_ends_of_the_quality_are_legal_everywhere() {
        for format in VideoFormat::ALL {
            for quality in [1, 100] {
                let arguments = video_encoder(format, quality, None);
                for pair in
                    arguments.windows(2).filter(|pair| pair[0] == "-crf" || pair[0] == "-q:v")
                {
                    let value: f64 = pair[1].parse().unwrap();
                    assert!((0.0..=63.0).contains(&value), "{format:?} {quality} {value}");
                }
            }
        }
    }

    #[test]
    fn formats_with_few_rates_get_the_nearest() {
        assert!(line(VideoFormat::Mpeg, 75, (10, 1)).ends_with("-r 24000/1001"));
        assert!(line(VideoFormat::Mpeg, 75, (2997, 100)).ends_with("-r 30000/1001"));
        assert!(line(VideoFormat::Avi, 75, (90_000, 3_001)).ends_with("-r 30/1"));
        assert!(!line(VideoFormat::Avi, 75, (30_000, 1_001)).contains("-r "));
    }

    #[test]
    fn sound_is_mixed_down_where_the_codec_has_no_room() {
        let track = |channels, sample_rate| AudioTrack {
            codec: "aac".into(),
            sample_rate,
            channels,
            bit_rate: None,
            duration_s: None,
            index: 1,
        };
        let line = |format, channels, rate| audio_encoder(format, &track(channels, rate)).join(" ");
        assert_eq!(line(VideoFormat::Mp4, 6, 48_000), "-c:a aac -b:a 384k");
        assert_eq!(line(VideoFormat::Webm, 6, 48_000), "-c:a libopus -ac 2 -b:a 128k");
        assert_eq!(line(VideoFormat::Wmv, 1, 96_000), "-c:a wmav2 -b:a 96k -ar 48000");
        assert_eq!(line(VideoFormat::Gif, 2, 44_100), "-an");
    }
}
