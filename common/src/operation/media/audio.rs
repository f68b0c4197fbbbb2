//! Parameters of the audio operations, and of the probe.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AudioFormat;
use super::bounded::Whole;
use super::parameters::Parameters;
use crate::operation::FieldErrors;

/// Kilobits per second.
pub type Bitrate = Whole<16, 512>;
/// Samples per second.
pub type SampleRate = Whole<8_000, 96_000>;
/// One or two.
pub type Channels = Whole<1, 2>;

/// Writes sound in another format. It is copied as it is when the format can hold it and nothing else is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AudioConvert {
    /// The format to write.
    pub format: AudioFormat,
    /// Kilobits per second; 128 when absent. Not for wav and flac.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub bitrate: Option<Bitrate>,
    /// Samples per second; the source's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub sample_rate: Option<SampleRate>,
    /// Mixes to one or two channels; the source's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub channels: Option<Channels>,
}

/// Takes the sound out of a video.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AudioExtract {
    /// The format to write; mp3 when absent.
    #[serde(default = "mp3")]
    pub format: AudioFormat,
    /// Kilobits per second; 128 when absent. Not for wav and flac.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub bitrate: Option<Bitrate>,
    /// Samples per second; the source's own when absent. Speech recognition wants 16000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub sample_rate: Option<SampleRate>,
    /// Mixes to one or two channels; the source's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub channels: Option<Channels>,
}

/// Says what a file is; it takes no parameters.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MediaProbe {}

const fn mp3() -> AudioFormat {
    AudioFormat::Mp3
}

impl AudioExtract {
    /// The same wish as the conversion of the first sound track.
    pub fn into_convert(self) -> AudioConvert {
        let Self { format, bitrate, sample_rate, channels } = self;
        AudioConvert { format, bitrate, sample_rate, channels }
    }
}

impl Parameters for AudioConvert {
    const REQUIRED: &'static [&'static str] = &["format"];

    fn check(&self, errors: &mut FieldErrors) {
        let meaningful = self.bitrate.is_none() || !self.format.is_lossless();
        errors.check(meaningful, "bitrate", "is not for wav and flac; leave it out");
        if let Some(rate) = self.sample_rate {
            check_sample_rate(self.format, rate.get(), errors);
        }
    }
}

impl Parameters for AudioExtract {
    fn check(&self, errors: &mut FieldErrors) {
        self.clone().into_convert().check(errors);
    }
}

impl Parameters for MediaProbe {}

/// Some codecs know only a few rates; asking one for another would fail after the upload.
fn check_sample_rate(format: AudioFormat, rate: u32, errors: &mut FieldErrors) {
    const OPUS: &[u32] = &[8_000, 12_000, 16_000, 24_000, 48_000];
    const MP3: &[u32] = &[8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];
    const AAC: &[u32] = &[
        8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200,
        96_000,
    ];
    let rates = match format {
        AudioFormat::Opus => OPUS,
        AudioFormat::Mp3 | AudioFormat::Wma => MP3,
        AudioFormat::Aac | AudioFormat::M4a => AAC,
        AudioFormat::Wav | AudioFormat::Flac | AudioFormat::Ogg => return,
    };
    let list: Vec<_> = rates.iter().map(ToString::to_string).collect();
    let message = format!("must be one of {} for this format", list.join(", "));
    errors.check(rates.contains(&rate), "sample_rate", message);
}
