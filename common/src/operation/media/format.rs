//! The formats that media is written in; each is read as well.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A format of still images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImageFormat {
    /// JPEG; has no transparency.
    #[serde(alias = "jpg")]
    Jpeg,
    /// PNG.
    Png,
    /// WebP, lossy.
    Webp,
    /// GIF, one frame.
    Gif,
    /// BMP; has no transparency.
    Bmp,
    /// TIFF.
    #[serde(alias = "tif")]
    Tiff,
    /// AVIF; has no transparency here. Only workers whose ffmpeg has an AV1 encoder write it.
    Avif,
}

/// A format of moving pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VideoFormat {
    /// MP4 with H.264 and AAC.
    Mp4,
    /// QuickTime with H.264 and AAC.
    Mov,
    /// WebM with VP9 and Opus.
    Webm,
    /// Matroska with H.264 and AAC.
    Mkv,
    /// AVI with MPEG-4 and MP3.
    Avi,
    /// Windows Media with WMV 8 and WMA 2.
    Wmv,
    /// MPEG program stream with MPEG-2 and MP2.
    #[serde(alias = "mpg")]
    Mpeg,
    /// MPEG transport stream with H.264 and AAC.
    Ts,
    /// Ogg with Theora and Vorbis.
    #[serde(alias = "ogv")]
    Ogg,
    /// Flash video with H.264 and AAC.
    Flv,
    /// Animated GIF; has no sound.
    Gif,
}

/// A format of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AudioFormat {
    /// MP3.
    Mp3,
    /// WAV, 16 bit.
    Wav,
    /// AAC in ADTS.
    Aac,
    /// AAC in MP4.
    M4a,
    /// FLAC.
    Flac,
    /// Vorbis in Ogg.
    Ogg,
    /// Opus in Ogg.
    Opus,
    /// Windows Media Audio 2.
    Wma,
}

impl ImageFormat {
    /// Every format.
    pub const ALL: [Self; 7] =
        [Self::Jpeg, Self::Png, Self::Webp, Self::Gif, Self::Bmp, Self::Tiff, Self::Avif];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            other => other.extension(),
        }
    }

    /// The ending of a file's name.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Gif => "gif",
            Self::Bmp => "bmp",
            Self::Tiff => "tiff",
            Self::Avif => "avif",
        }
    }

    /// The media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
            Self::Avif => "image/avif",
        }
    }

    /// Whether `quality` means something for it.
    pub const fn is_lossy(self) -> bool {
        matches!(self, Self::Jpeg | Self::Webp | Self::Avif)
    }
}

impl VideoFormat {
    /// Every format.
    pub const ALL: [Self; 11] = [
        Self::Mp4,
        Self::Mov,
        Self::Webm,
        Self::Mkv,
        Self::Avi,
        Self::Wmv,
        Self::Mpeg,
        Self::Ts,
        Self::Ogg,
        Self::Flv,
        Self::Gif,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ogg => "ogg",
            other => other.extension(),
        }
    }

    /// The ending of a file's name.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Mov => "mov",
            Self::Webm => "webm",
            Self::Mkv => "mkv",
            Self::Avi => "avi",
            Self::Wmv => "wmv",
            Self::Mpeg => "mpeg",
            Self::Ts => "ts",
            Self::Ogg => "ogv",
            Self::Flv => "flv",
            Self::Gif => "gif",
        }
    }

    /// The media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Mp4 => "video/mp4",
            Self::Mov => "video/quicktime",
            Self::Webm => "video/webm",
            Self::Mkv => "video/x-matroska",
            Self::Avi => "video/x-msvideo",
            Self::Wmv => "video/x-ms-wmv",
            Self::Mpeg => "video/mpeg",
            Self::Ts => "video/mp2t",
            Self::Ogg => "video/ogg",
            Self::Flv => "video/x-flv",
            Self::Gif => "image/gif",
        }
    }
}

impl AudioFormat {
    /// Every format.
    pub const ALL: [Self; 8] =
        [Self::Mp3, Self::Wav, Self::Aac, Self::M4a, Self::Flac, Self::Ogg, Self::Opus, Self::Wma];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        self.extension()
    }

    /// The ending of a file's name.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
            Self::Wav => "wav",
            Self::Aac => "aac",
            Self::M4a => "m4a",
            Self::Flac => "flac",
            Self::Ogg => "ogg",
            Self::Opus => "opus",
            Self::Wma => "wma",
        }
    }

    /// The media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Mp3 => "audio/mpeg",
            Self::Wav => "audio/wav",
            Self::Aac => "audio/aac",
            Self::M4a => "audio/mp4",
            Self::Flac => "audio/flac",
            Self::Ogg | Self::Opus => "audio/ogg",
            Self::Wma => "audio/x-ms-wma",
        }
    }

    /// Whether it keeps every sample, so that a bit rate means nothing for it.
    pub const fn is_lossless(self) -> bool {
        matches!(self, Self::Wav | Self::Flac)
    }
}
