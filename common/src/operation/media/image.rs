//! Parameters of the image operations.
//!
//! In all of them the orientation that a camera noted is applied and every other piece of metadata is removed;
//! of an animated image the first frame is used. Coordinates are those of the upright picture.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bounded::{Share, Whole};
use super::parameters::Parameters;
use super::{Fit, ImageFormat, Position};
use crate::operation::FieldErrors;

/// The side of an image in pixels.
pub type ImageSide = Whole<1, 16_384>;
/// A place in an image in pixels from its left or upper edge.
pub type ImageOffset = Whole<0, 16_383>;
/// How good a lossy format is to be, from 1 (small) to 100 (like the source).
pub type Quality = Whole<1, 100>;
/// The distance of a watermark from the edges in pixels.
pub type Margin = Whole<0, 4_096>;

/// Writes an image in another format.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageConvert {
    /// The format to write.
    pub format: ImageFormat,
    /// For JPEG, WebP and AVIF; 85 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub quality: Option<Quality>,
}

/// Cuts a rectangle out of an image.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageCrop {
    /// The left edge of the rectangle; 0 when absent.
    #[serde(default = "edge")]
    #[schema(inline)]
    pub x: ImageOffset,
    /// The upper edge of the rectangle; 0 when absent.
    #[serde(default = "edge")]
    #[schema(inline)]
    pub y: ImageOffset,
    /// The rectangle's width; it must lie within the image.
    #[schema(inline)]
    pub width: ImageSide,
    /// The rectangle's height; it must lie within the image.
    #[schema(inline)]
    pub height: ImageSide,
    /// The format to write; the source's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<ImageFormat>,
    /// For JPEG, WebP and AVIF; 85 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub quality: Option<Quality>,
}

/// Makes an image smaller or larger. At least one side is given; the other follows from the proportions.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageScale {
    /// The wanted width.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub width: Option<ImageSide>,
    /// The wanted height.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub height: Option<ImageSide>,
    /// What happens when both sides are given.
    #[serde(default)]
    pub fit: Fit,
    /// The format to write; the source's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<ImageFormat>,
    /// For JPEG, WebP and AVIF; 85 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub quality: Option<Quality>,
}

/// Lays a second image (the input file `watermark`) over an image.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageWatermark {
    /// Where it goes.
    #[serde(default)]
    pub position: Position,
    /// Its distance from the edges; 10 when absent.
    #[serde(default = "margin")]
    #[schema(inline)]
    pub margin: Margin,
    /// Its width as a share of the image's width; 0.2 when absent. It is made smaller where its height would not fit.
    #[serde(default = "scale")]
    #[schema(inline)]
    pub scale: Share,
    /// How opaque it is, on top of its own transparency; 1 when absent.
    #[serde(default = "opacity")]
    #[schema(inline)]
    pub opacity: Share,
    /// The format to write; the source's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<ImageFormat>,
    /// For JPEG, WebP and AVIF; 85 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub quality: Option<Quality>,
}

pub(super) const fn edge<const MAX: u32, const STEP: u32>() -> Whole<0, MAX, STEP> {
    Whole::ZERO
}

pub(super) const fn margin() -> Margin {
    const { Margin::new(10).expect("10 is within 0 to 4096") }
}

pub(super) const fn scale() -> Share {
    Share::FIFTH
}

pub(super) const fn opacity() -> Share {
    Share::WHOLE
}

impl Parameters for ImageConvert {
    const REQUIRED: &'static [&'static str] = &["format"];

    fn check(&self, errors: &mut FieldErrors) {
        check_quality(Some(self.format), self.quality, errors);
    }
}

impl Parameters for ImageCrop {
    const REQUIRED: &'static [&'static str] = &["width", "height"];

    fn check(&self, errors: &mut FieldErrors) {
        check_quality(self.format, self.quality, errors);
    }
}

impl Parameters for ImageScale {
    fn check(&self, errors: &mut FieldErrors) {
        let sized = self.width.is_some() || self.height.is_some();
        errors.check(sized, "width", "is required, unless height is given");
        check_quality(self.format, self.quality, errors);
    }
}

impl Parameters for ImageWatermark {
    fn check(&self, errors: &mut FieldErrors) {
        check_quality(self.format, self.quality, errors);
    }
}

/// A quality is accepted for a lossy format, and where the source decides the format.
fn check_quality(format: Option<ImageFormat>, quality: Option<Quality>, errors: &mut FieldErrors) {
    let meaningful = quality.is_none() || format.is_none_or(ImageFormat::is_lossy);
    errors.check(
        meaningful,
        "quality",
        "is only for jpeg, webp and avif; leave it out for this format",
    );
}
