//! What is done to pixels.

use common::error_code::ErrorCode;
use fast_image_resize::Resizer;
use image::{DynamicImage, RgbaImage, imageops};

use super::Picture;
use crate::engine::EngineError;
use crate::engine::ffmpeg::geometry::{Rectangle, Scaling, Size};

/// Keeps the rectangle, which lies within the picture.
pub(in crate::engine::ffmpeg) fn crop(picture: &mut Picture, rectangle: Rectangle) {
    let Rectangle { x, y, size } = rectangle;
    picture.image = picture.image.crop_imm(x, y, size.width, size.height);
}

/// Brings the picture to another size.
pub(in crate::engine::ffmpeg) fn resize(
    picture: &mut Picture,
    scaling: Scaling,
) -> Result<(), EngineError> {
    let Size { width, height } = scaling.size;
    if let Some(part) = scaling.part {
        crop(picture, part);
    }
    if picture.size() == scaling.size {
        return Ok(());
    }
    let mut resized = DynamicImage::new(width, height, picture.image.color());
    Resizer::new().resize(&picture.image, &mut resized, None).map_err(|error| {
        tracing::error!(%error, "an image can not be resized");
        EngineError::fail(ErrorCode::EngineFailed, "the image can not be resized")
    })?;
    picture.image = resized;
    Ok(())
}

/// Makes a watermark more transparent.
pub(in crate::engine::ffmpeg) fn fade(mark: &Picture, opacity: f64) -> RgbaImage {
    let mut pixels = mark.image.to_rgba8();
    if opacity < 1.0 {
        for pixel in pixels.pixels_mut() {
            pixel.0[3] = (f64::from(pixel.0[3]) * opacity).round() as u8;
        }
    }
    pixels
}

/// Lays a watermark over the picture, with its upper left corner at `at`.
pub(in crate::engine::ffmpeg) fn lay_over(picture: &mut Picture, mark: RgbaImage, at: (u32, u32)) {
    // A grey picture becomes coloured, or the watermark would lose its colours; so does its profile.
    let grey = !picture.image.color().has_color();
    if picture.image.color().has_alpha() {
        picture.image = DynamicImage::ImageRgba8(std::mem::take(&mut picture.image).into_rgba8());
    } else {
        picture.image = DynamicImage::ImageRgb8(std::mem::take(&mut picture.image).into_rgb8());
    }
    if grey {
        picture.profile = None;
    }
    let mark = DynamicImage::ImageRgba8(mark);
    imageops::overlay(&mut picture.image, &mark, at.0.into(), at.1.into());
}
