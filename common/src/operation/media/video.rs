//! Parameters of the video operations.
//!
//! Sizes and places are even, because the pictures of nearly every codec store colour at half the resolution.
//! Only the first picture track and the first sound track are kept, and metadata is removed.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bounded::{Seconds, Share, Whole};
use super::image::{Margin, Quality, edge, margin, opacity, scale};
use super::parameters::Parameters;
use super::{Fit, Position, VideoFormat};
use crate::operation::FieldErrors;

/// The side of a video in pixels.
pub type VideoSide = Whole<2, 8_192, 2>;
/// A place in a video in pixels from its left or upper edge.
pub type VideoOffset = Whole<0, 8_190, 2>;

/// Writes a video in another format. Tracks that the format can hold are copied as they are.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VideoConvert {
    /// The format to write.
    pub format: VideoFormat,
    /// Encodes anew at this quality, where 75 is usual; absent means: copy what can be copied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub quality: Option<Quality>,
}

/// Cuts a rectangle out of the pictures of a video.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VideoCrop {
    /// The left edge of the rectangle; 0 when absent.
    #[serde(default = "edge")]
    #[schema(inline)]
    pub x: VideoOffset,
    /// The upper edge of the rectangle; 0 when absent.
    #[serde(default = "edge")]
    #[schema(inline)]
    pub y: VideoOffset,
    /// The rectangle's width; it must lie within the video.
    #[schema(inline)]
    pub width: VideoSide,
    /// The rectangle's height; it must lie within the video.
    #[schema(inline)]
    pub height: VideoSide,
    /// The format to write; the source's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<VideoFormat>,
    /// 75 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub quality: Option<Quality>,
}

/// Makes a video smaller or larger. At least one side is given; the other follows from the proportions.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VideoScale {
    /// The wanted width.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub width: Option<VideoSide>,
    /// The wanted height.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub height: Option<VideoSide>,
    /// What happens when both sides are given.
    #[serde(default)]
    pub fit: Fit,
    /// The format to write; the source's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<VideoFormat>,
    /// 75 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub quality: Option<Quality>,
}

/// Cuts a piece out of the time of a video.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VideoTrim {
    /// Where the piece begins, in seconds; 0 when absent. It must lie within the video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub start: Option<Seconds>,
    /// Where the piece ends, in seconds from the beginning of the source; not together with `duration`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub end: Option<Seconds>,
    /// How long the piece is, in seconds; with neither this nor `end` it goes to the end of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub duration: Option<Seconds>,
    /// Cuts at exactly these times by encoding anew. False copies the tracks, which is much faster, and begins at
    /// the last key picture at or before `start`.
    #[serde(default = "yes")]
    pub exact: bool,
    /// The format to write; the source's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<VideoFormat>,
    /// 75 when absent; only with `exact`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub quality: Option<Quality>,
}

/// Lays an image (the input file `watermark`) over a video.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VideoWatermark {
    /// Where it goes.
    #[serde(default)]
    pub position: Position,
    /// Its distance from the edges; 10 when absent.
    #[serde(default = "margin")]
    #[schema(inline)]
    pub margin: Margin,
    /// Its width as a share of the video's width; 0.2 when absent. It is made smaller where its height would not fit.
    #[serde(default = "scale")]
    #[schema(inline)]
    pub scale: Share,
    /// How opaque it is, on top of its own transparency; 1 when absent.
    #[serde(default = "opacity")]
    #[schema(inline)]
    pub opacity: Share,
    /// The format to write; the source's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<VideoFormat>,
    /// 75 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub quality: Option<Quality>,
}

const fn yes() -> bool {
    true
}

impl Parameters for VideoConvert {
    const REQUIRED: &'static [&'static str] = &["format"];

    fn check(&self, errors: &mut FieldErrors) {
        check_quality(Some(self.format), self.quality, errors);
    }
}

impl Parameters for VideoCrop {
    const REQUIRED: &'static [&'static str] = &["width", "height"];

    fn check(&self, errors: &mut FieldErrors) {
        check_quality(self.format, self.quality, errors);
    }
}

impl Parameters for VideoScale {
    fn check(&self, errors: &mut FieldErrors) {
        let sized = self.width.is_some() || self.height.is_some();
        errors.check(sized, "width", "is required, unless height is given");
        check_quality(self.format, self.quality, errors);
    }
}

impl Parameters for VideoTrim {
    fn check(&self, errors: &mut FieldErrors) {
        let start = self.start.map_or(0.0, Seconds::get);
        let one_end = self.end.is_none() || self.duration.is_none();
        errors.check(one_end, "duration", "must not be given together with end");
        let forward = self.end.is_none_or(|end| end.get() > start);
        errors.check(forward, "end", "must be after start");
        let lasting = self.duration.is_none_or(|duration| duration.get() > 0.0);
        errors.check(lasting, "duration", "must be more than 0");
        let any = self.start.is_some() || self.end.is_some() || self.duration.is_some();
        errors.check(any, "start", "is required, unless end or duration is given");
        let encoded = self.exact || self.quality.is_none();
        errors.check(encoded, "quality", "must not be given when exact is false, which copies");
        let copied = self.exact || self.format != Some(VideoFormat::Gif);
        errors.check(copied, "format", "can not be gif when exact is false, which copies");
        check_quality(self.format, self.quality, errors);
    }
}

impl Parameters for VideoWatermark {
    fn check(&self, errors: &mut FieldErrors) {
        check_quality(self.format, self.quality, errors);
    }
}

fn check_quality(format: Option<VideoFormat>, quality: Option<Quality>, errors: &mut FieldErrors) {
    let meaningful = quality.is_none() || format != Some(VideoFormat::Gif);
    errors.check(meaningful, "quality", "is not for gif; leave it out");
}
