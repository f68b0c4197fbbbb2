//! From a file to pixels, within limits.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use common::error_code::ErrorCode;
use common::operation::media::ImageFormat;
use image::error::{ImageError, LimitErrorKind};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

use super::Picture;
use super::complete::jpeg_is_complete;
use crate::engine::EngineError;
use crate::engine::ffmpeg::probe::MediaInfo;

/// No format of ours is wider or higher in practice.
const LONGEST_SIDE: u32 = 32_768;
/// 16 bits for each of four channels.
const MOST_BYTES_PER_PIXEL: u64 = 8;

/// What the first bytes of a file say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::ffmpeg) enum Sniffed {
    /// An image that is decoded in process.
    InProcess(ImageFormat),
    /// AVIF, which ffmpeg decodes.
    Avif,
    /// No image of a known kind.
    Unknown,
}

/// Looks at the first bytes; names and declared types mean nothing.
pub(in crate::engine::ffmpeg) fn sniff(path: &Path) -> std::io::Result<Sniffed> {
    let mut head = Vec::new();
    File::open(path)?.take(64).read_to_end(&mut head)?;
    Ok(match image::guess_format(&head) {
        Ok(image::ImageFormat::Jpeg) => Sniffed::InProcess(ImageFormat::Jpeg),
        Ok(image::ImageFormat::Png) => Sniffed::InProcess(ImageFormat::Png),
        Ok(image::ImageFormat::WebP) => Sniffed::InProcess(ImageFormat::Webp),
        Ok(image::ImageFormat::Gif) => Sniffed::InProcess(ImageFormat::Gif),
        Ok(image::ImageFormat::Bmp) => Sniffed::InProcess(ImageFormat::Bmp),
        Ok(image::ImageFormat::Tiff) => Sniffed::InProcess(ImageFormat::Tiff),
        Ok(image::ImageFormat::Avif) => Sniffed::Avif,
        _ => Sniffed::Unknown,
    })
}

/// Decodes the `role` file, which is a `format`; turns it upright and leaves its metadata behind.
pub(in crate::engine::ffmpeg) fn decode(
    path: &Path,
    format: ImageFormat,
    max_pixels: u64,
    role: &str,
) -> Result<Picture, EngineError> {
    let refused = |error: ImageError| explain(&error, max_pixels, role);
    let mut decoder = open(path, format, max_pixels, role)?;
    let mut limits = limits(max_pixels);
    limits.reserve(decoder.total_bytes()).map_err(refused)?;
    decoder.set_limits(limits).map_err(refused)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    let mut image = DynamicImage::from_decoder(decoder).map_err(refused)?;
    if format == ImageFormat::Jpeg {
        let bytes = std::fs::read(path).map_err(|error| refused(error.into()))?;
        if !jpeg_is_complete(&bytes) {
            return Err(damaged(role));
        }
    }
    image.apply_orientation(orientation);
    Ok(Picture { image, format, profile })
}

/// Describes the `role` file without decoding its pixels.
pub(in crate::engine::ffmpeg) fn describe(
    path: &Path,
    format: ImageFormat,
    max_pixels: u64,
    role: &str,
) -> Result<MediaInfo, EngineError> {
    let mut decoder = open(path, format, max_pixels, role)?;
    let (width, height) = decoder.dimensions();
    let lying = matches!(
        decoder.orientation(),
        Ok(Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH)
    );
    let (width, height) = if lying { (height, width) } else { (width, height) };
    let bytes = std::fs::metadata(path).map_or(0, |meta| meta.len());
    Ok(MediaInfo::still(format, bytes, width, height))
}

fn open(
    path: &Path,
    format: ImageFormat,
    max_pixels: u64,
    role: &str,
) -> Result<impl ImageDecoder, EngineError> {
    let refused = |error: ImageError| explain(&error, max_pixels, role);
    let file = File::open(path).map_err(|error| refused(error.into()))?;
    let mut reader = ImageReader::with_format(BufReader::new(file), codec(format));
    reader.limits(limits(max_pixels));
    let decoder = reader.into_decoder().map_err(refused)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > max_pixels {
        return Err(too_large(max_pixels, role));
    }
    Ok(decoder)
}

/// The image crate's word for a format that it decodes.
const fn codec(format: ImageFormat) -> image::ImageFormat {
    match format {
        ImageFormat::Jpeg => image::ImageFormat::Jpeg,
        ImageFormat::Png => image::ImageFormat::Png,
        ImageFormat::Webp => image::ImageFormat::WebP,
        ImageFormat::Gif => image::ImageFormat::Gif,
        ImageFormat::Bmp => image::ImageFormat::Bmp,
        ImageFormat::Tiff => image::ImageFormat::Tiff,
        ImageFormat::Avif => image::ImageFormat::Avif,
    }
}

fn limits(max_pixels: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(max_pixels.saturating_mul(MOST_BYTES_PER_PIXEL));
    limits
}

fn explain(error: &ImageError, max_pixels: u64, role: &str) -> EngineError {
    tracing::info!(%error, "an image was refused");
    match error {
        ImageError::Limits(error)
            if !matches!(error.kind(), LimitErrorKind::Unsupported { .. }) =>
        {
            too_large(max_pixels, role)
        }
        ImageError::Unsupported(_) => {
            let message = format!("the {role} file is an image of a kind that is not supported");
            EngineError::fail(ErrorCode::InvalidInput, message)
        }
        _ => damaged(role),
    }
}

fn damaged(role: &str) -> EngineError {
    let message = format!("the {role} file is damaged: its picture is not complete");
    EngineError::fail(ErrorCode::InvalidInput, message)
}

fn too_large(max_pixels: u64, role: &str) -> EngineError {
    let message = format!("the {role} image is too large; at most {max_pixels} pixels are allowed");
    EngineError::fail(ErrorCode::TooLarge, message)
}
