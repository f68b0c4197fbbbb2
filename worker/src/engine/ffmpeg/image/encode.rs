//! From pixels to a file.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use common::error_code::ErrorCode;
use common::operation::media::ImageFormat;
use image::codecs::bmp::BmpEncoder;
use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::tiff::TiffEncoder;
use image::error::ImageError;
use image::{ColorType, DynamicImage, ImageEncoder, RgbImage};

use super::Picture;
use crate::engine::EngineError;

/// The encoder's own choice between speed and quality of the palette.
const GIF_SPEED: i32 = 10;

/// Writes the picture as `format`, one of those that are written in process.
pub(in crate::engine::ffmpeg) fn write(
    picture: Picture,
    format: ImageFormat,
    quality: u32,
    path: &Path,
) -> Result<(), EngineError> {
    write_file(picture, format, quality, path).map_err(|error| explain(&error))
}

/// Writes the bare pixels, 8 bits each of red, green, blue and alpha, for an encoder of ffmpeg's. Formats without
/// transparency get a white ground.
pub(in crate::engine::ffmpeg) fn raw_pixels(
    picture: Picture,
    format: ImageFormat,
    path: &Path,
) -> Result<(), EngineError> {
    let pixels = match format {
        ImageFormat::Avif => DynamicImage::ImageRgb8(on_white(picture.image)).into_rgba8(),
        _ => picture.image.into_rgba8(),
    };
    std::fs::write(path, pixels.as_raw()).map_err(|error| explain(&ImageError::IoError(error)))
}

fn write_file(
    picture: Picture,
    format: ImageFormat,
    quality: u32,
    path: &Path,
) -> Result<(), ImageError> {
    let mut file = BufWriter::new(File::create(path)?);
    let Picture { image, profile, .. } = picture;
    match format {
        ImageFormat::Jpeg => {
            let image = jpeg_colors(image);
            let quality = u8::try_from(quality).unwrap_or(100);
            encode(JpegEncoder::new_with_quality(&mut file, quality), &image, profile)?;
        }
        ImageFormat::Bmp => {
            let image = DynamicImage::ImageRgb8(on_white(image));
            encode(BmpEncoder::new(&mut file), &image, None)?;
        }
        ImageFormat::Gif => {
            let pixels = image.into_rgba8();
            let (width, height) = pixels.dimensions();
            let mut encoder = GifEncoder::new_with_speed(&mut file, GIF_SPEED);
            encoder.encode(pixels.as_raw(), width, height, ColorType::Rgba8.into())?;
        }
        ImageFormat::Tiff => {
            encode(TiffEncoder::new(&mut file), &tiff_colors(image), profile)?;
        }
        ImageFormat::Png | ImageFormat::Webp | ImageFormat::Avif => {
            encode(PngEncoder::new(&mut file), &png_colors(image), profile)?;
        }
    }
    file.flush()?;
    Ok(())
}

fn encode(
    mut encoder: impl ImageEncoder,
    image: &DynamicImage,
    profile: Option<Vec<u8>>,
) -> Result<(), ImageError> {
    if let Some(profile) = profile.filter(|profile| describes(profile, image)) {
        // An encoder that can not store a profile says so; then the file has none.
        let _ = encoder.set_icc_profile(profile);
    }
    encoder.write_image(image.as_bytes(), image.width(), image.height(), image.color().into())
}

/// Whether a profile is for the colours that the image has now: that of a printer's file (CMYK) is not, because
/// decoding made it red, green and blue.
fn describes(profile: &[u8], image: &DynamicImage) -> bool {
    let expected: &[u8] = if image.color().has_color() { b"RGB " } else { b"GRAY" };
    profile.get(16..20) == Some(expected)
}

fn jpeg_colors(image: DynamicImage) -> DynamicImage {
    match image.color() {
        ColorType::L8 | ColorType::L16 => DynamicImage::ImageLuma8(image.into_luma8()),
        _ => DynamicImage::ImageRgb8(on_white(image)),
    }
}

fn png_colors(image: DynamicImage) -> DynamicImage {
    match image.color() {
        ColorType::Rgb32F => DynamicImage::ImageRgb16(image.into_rgb16()),
        ColorType::Rgba32F => DynamicImage::ImageRgba16(image.into_rgba16()),
        _ => image,
    }
}

fn tiff_colors(image: DynamicImage) -> DynamicImage {
    match image.color() {
        ColorType::La8 => DynamicImage::ImageRgba8(image.into_rgba8()),
        ColorType::La16 => DynamicImage::ImageRgba16(image.into_rgba16()),
        _ => image,
    }
}

/// The image without transparency: what was transparent shows white.
fn on_white(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let pixels = image.into_rgba8();
    RgbImage::from_fn(pixels.width(), pixels.height(), |x, y| {
        let [red, green, blue, alpha] = pixels.get_pixel(x, y).0;
        let over = |color: u8| {
            let sum = u32::from(color) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
            ((sum + 127) / 255) as u8
        };
        image::Rgb([over(red), over(green), over(blue)])
    })
}

fn explain(error: &ImageError) -> EngineError {
    if let ImageError::IoError(error) = error {
        tracing::error!(%error, "an image can not be written");
        return EngineError::retry(ErrorCode::EngineFailed, "the worker has no room for files now");
    }
    tracing::error!(%error, "an image can not be encoded");
    EngineError::fail(ErrorCode::EngineFailed, "the image can not be written in this format")
}
