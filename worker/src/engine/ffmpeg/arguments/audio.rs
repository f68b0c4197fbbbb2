//! How sound alone is written.

use common::operation::media::{AudioConvert, AudioFormat, Channels, SampleRate};

use super::words;
use crate::engine::ffmpeg::probe::AudioTrack;

/// A format of sound in ffmpeg's words.
pub(in crate::engine::ffmpeg) struct AudioTarget {
    pub(in crate::engine::ffmpeg) muxer: &'static str,
    encoder: &'static str,
    /// The codecs that are copied into it.
    holds: &'static [&'static str],
    /// Above it, sound is mixed down to two channels.
    most_channels: u32,
    /// The highest rate, where ffmpeg does not choose the nearest by itself.
    highest_rate: Option<u32>,
}

impl AudioTarget {
    /// The words for `format`.
    pub(in crate::engine::ffmpeg) fn of(format: AudioFormat) -> Self {
        let target = |muxer, encoder, holds, most_channels| Self {
            muxer,
            encoder,
            holds,
            most_channels,
            highest_rate: None,
        };
        match format {
            AudioFormat::Mp3 => target("mp3", "libmp3lame", &["mp3"], 2),
            AudioFormat::Wav => target("wav", "pcm_s16le", &["pcm_s16le"], 8),
            AudioFormat::Aac => target("adts", "aac", &["aac"], 6),
            AudioFormat::M4a => target("ipod", "aac", &["aac", "alac"], 6),
            AudioFormat::Flac => target("flac", "flac", &["flac"], 8),
            AudioFormat::Ogg => target("ogg", "libvorbis", &["vorbis"], 2),
            AudioFormat::Opus => target("opus", "libopus", &["opus"], 2),
            AudioFormat::Wma => Self {
                highest_rate: Some(48_000),
                ..target("asf", "wmav2", &["wmav1", "wmav2"], 2)
            },
        }
    }

    /// Whether the track can be taken as it is: nothing else is asked for and the format holds its codec.
    pub(in crate::engine::ffmpeg) fn copies(
        &self,
        wish: &AudioConvert,
        track: &AudioTrack,
    ) -> bool {
        let plain = wish.bitrate.is_none() && wish.sample_rate.is_none() && wish.channels.is_none();
        plain && self.holds.contains(&track.codec.as_str())
    }
}

/// The arguments for the track, encoded anew as wished.
pub(in crate::engine::ffmpeg) fn sound(wish: &AudioConvert, track: &AudioTrack) -> Vec<String> {
    let target = AudioTarget::of(wish.format);
    let mut arguments = words(&["-c:a", target.encoder]);
    let mixed = (track.channels > target.most_channels).then_some(2);
    if let Some(channels) = wish.channels.map(Channels::get).or(mixed) {
        arguments.extend(words(&["-ac", &channels.to_string()]));
    }
    let too_high = target.highest_rate.filter(|highest| track.sample_rate > *highest);
    let rate = wish.sample_rate.map(SampleRate::get).or(too_high);
    if let Some(rate) = rate {
        arguments.extend(words(&["-ar", &rate.to_string()]));
    }
    match wish.bitrate {
        Some(bitrate) => arguments.extend(words(&["-b:a", &format!("{}k", bitrate.get())])),
        None if target.encoder == "libvorbis" => arguments.extend(words(&["-q:a", "4"])),
        // At low sample rates the usual bit rate is more than these can use, and some refuse it.
        None if rate.unwrap_or(track.sample_rate) < 32_000 => {}
        None if wish.format.is_lossless() => {}
        None => arguments.extend(words(&["-b:a", "128k"])),
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(json: &str) -> AudioConvert {
        serde_json::from_str(json).unwrap()
    }

    fn track(codec: &str, sample_rate: u32, channels: u32) -> AudioTrack {
        let codec = codec.to_owned();
        AudioTrack { codec, sample_rate, channels, bit_rate: None, duration_s: None, index: 0 }
    }

    #[test]
    fn speech_recognition_gets_what_it_wants() {
        let wish = wish(r#"{"format":"wav","sample_rate":16000,"channels":1}"#);
        let line = sound(&wish, &track("aac", 48_000, 2)).join(" ");
        assert_eq!(line, "-c:a pcm_s16le -ac 1 -ar 16000");
    }

    #[test]
    fn a_track_is_copied_only_when_nothing_else_is_asked_for() {
        let copies = |json: &str, codec: &str| {
            let wish = wish(json);
            AudioTarget::of(wish.format).copies(&wish, &track(codec, 44_100, 2))
        };
        assert!(copies(r#"{"format":"m4a"}"#, "aac"));
        assert!(!copies(r#"{"format":"m4a"}"#, "mp3"));
        assert!(!copies(r#"{"format":"m4a","bitrate":64}"#, "aac"));
    }

    #[test]
    fn what_a_codec_can_not_do_is_brought_within_its_limits() {
        let line = |json: &str, rate, channels| {
            sound(&wish(json), &track("flac", rate, channels)).join(" ")
        };
        assert_eq!(line(r#"{"format":"wma"}"#, 96_000, 6), "-c:a wmav2 -ac 2 -ar 48000 -b:a 128k");
        assert_eq!(line(r#"{"format":"mp3"}"#, 8_000, 1), "-c:a libmp3lame");
        assert_eq!(line(r#"{"format":"ogg","bitrate":96}"#, 44_100, 2), "-c:a libvorbis -b:a 96k");
    }
}
