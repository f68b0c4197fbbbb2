//! The description of a media file, as results show it.

use common::operation::media::ImageFormat;
use serde::Serialize;

/// What a file is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct MediaInfo {
    /// What it is for a person.
    pub(crate) kind: Kind,
    /// Its format, in the word that the operations use for it, or in ffmpeg's where they have none.
    pub(crate) format: String,
    /// ffmpeg's name of the reader that opened it.
    #[serde(skip)]
    pub(crate) reader: String,
    /// Size in bytes.
    pub(crate) bytes: u64,
    /// Seconds; absent for still images and where the file does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration_s: Option<f64>,
    /// Bits per second over all tracks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bit_rate: Option<u64>,
    /// Pixels, upright.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) width: Option<u32>,
    /// Pixels, upright.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) height: Option<u32>,
    /// The first track of moving pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) video: Option<VideoTrack>,
    /// The first track of sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) audio: Option<AudioTrack>,
    /// How many tracks of any kind there are.
    pub(crate) tracks: usize,
    /// The container's own mark, for example `qt`; tells formats apart that share a container.
    #[serde(skip)]
    pub(crate) brand: String,
}

/// The kinds of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Image,
    Video,
    Audio,
    /// None of the known ones, for example subtitles only.
    Other,
}

/// A track of moving pictures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct VideoTrack {
    /// ffmpeg's name, for example `h264`.
    pub(crate) codec: String,
    /// Pictures per second, on average.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fps: Option<f64>,
    /// ffmpeg's name, for example `yuv420p`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pixel_format: Option<String>,
    /// Quarter turns that a player applies, in degrees; sizes are given after them.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) rotation: i32,
    /// Seconds.
    #[serde(skip)]
    pub(crate) duration_s: Option<f64>,
    /// Its place in the file.
    #[serde(skip)]
    pub(crate) index: u32,
    /// Upright width in pixels as they are stored.
    #[serde(skip)]
    pub(crate) width: u32,
    /// Upright height in pixels as they are stored.
    #[serde(skip)]
    pub(crate) height: u32,
    /// Width of a pixel against its height, upright.
    #[serde(skip)]
    pub(crate) pixel_ratio: Rational,
    /// Pictures per second, exactly.
    #[serde(skip)]
    pub(crate) rate: Option<Rational>,
}

/// A track of sound.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct AudioTrack {
    /// ffmpeg's name, for example `aac`.
    pub(crate) codec: String,
    /// Samples per second.
    pub(crate) sample_rate: u32,
    /// How many.
    pub(crate) channels: u32,
    /// Bits per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bit_rate: Option<u64>,
    /// Seconds.
    #[serde(skip)]
    pub(crate) duration_s: Option<f64>,
    /// Its place in the file.
    #[serde(skip)]
    pub(crate) index: u32,
}

/// A fraction of positive numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rational {
    pub(crate) numerator: u32,
    pub(crate) denominator: u32,
}

impl Rational {
    /// One.
    pub(crate) const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// The fraction as a number.
    pub(crate) fn value(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }

    /// Reads `30000/1001` or `4:3`; nothing when either part is zero.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (numerator, denominator) = text.split_once(['/', ':'])?;
        let (numerator, denominator) = (numerator.parse().ok()?, denominator.parse().ok()?);
        (numerator > 0 && denominator > 0).then_some(Self { numerator, denominator })
    }

    /// The fraction upside down.
    pub(super) fn inverse(self) -> Self {
        Self { numerator: self.denominator, denominator: self.numerator }
    }
}

impl MediaInfo {
    /// A still image that was read in process.
    pub(crate) fn still(format: ImageFormat, bytes: u64, width: u32, height: u32) -> Self {
        Self {
            kind: Kind::Image,
            format: format.as_str().to_owned(),
            reader: String::new(),
            bytes,
            duration_s: None,
            bit_rate: None,
            width: Some(width),
            height: Some(height),
            video: None,
            audio: None,
            tracks: 1,
            brand: String::new(),
        }
    }

    /// How long it is for certain, in seconds: what an honest result of all of it can not be much shorter than.
    /// Nothing where a raw stream only lets one guess, or where a track that is not used may be the longest.
    pub(crate) fn certain_duration(&self) -> Option<f64> {
        let guessed = matches!(self.reader.as_str(), "mp3" | "aac" | "mpegts" | "mpeg");
        if guessed {
            return None;
        }
        let tracks = [
            self.video.as_ref().and_then(|track| track.duration_s),
            self.audio.as_ref().and_then(|track| track.duration_s),
        ];
        let longest = tracks.into_iter().flatten().fold(0.0, f64::max);
        if longest > 0.0 {
            return Some(longest);
        }
        let used = usize::from(self.video.is_some()) + usize::from(self.audio.is_some());
        self.duration_s.filter(|_| self.tracks == used)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(degrees: &i32) -> bool {
    *degrees == 0
}
