use std::path::PathBuf;

use common::error_code::ErrorCode;
use image::{Rgb, RgbImage, Rgba, RgbaImage};

use super::*;
use crate::engine::EngineError;
use crate::engine::ffmpeg::geometry::{Rectangle, Scaling};

const MOST: u64 = 64_000_000;

fn picture(image: DynamicImage) -> Picture {
    Picture { image, format: ImageFormat::Png, profile: None }
}

/// Red on the left, blue on the right.
fn two_colors(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| {
        Rgb(if x < width / 2 { [255, 0, 0] } else { [0, 0, 255] })
    })
}

fn file(dir: &tempfile::TempDir, bytes: &[u8]) -> PathBuf {
    let path = dir.path().join("in.bin");
    std::fs::write(&path, bytes).unwrap();
    path
}

fn refused(result: Result<Picture, EngineError>) -> (ErrorCode, String) {
    match result.err().unwrap() {
        EngineError::Fail(error) => (error.code, error.message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_format_written_in_process_is_read_again() {
    let dir = tempfile::tempdir().unwrap();
    for format in ImageFormat::ALL {
        if matches!(format, ImageFormat::Webp | ImageFormat::Avif) {
            continue;
        }
        let path = dir.path().join("out");
        write(picture(two_colors(40, 30).into()), format, 90, &path).unwrap();
        assert_eq!(sniff(&path).unwrap(), Sniffed::InProcess(format));
        let read = decode(&path, format, MOST, "source").unwrap();
        assert_eq!(read.size(), Size::new(40, 30), "{format:?}");
        let pixels = read.image.into_rgb8();
        let (left, right) = (pixels.get_pixel(5, 15).0, pixels.get_pixel(35, 15).0);
        assert!(
            left[0] > 230 && left[2] < 30 && right[2] > 230 && right[0] < 30,
            "{format:?} {left:?} {right:?}"
        );
    }
}

#[test]
fn transparency_becomes_white_where_a_format_has_none() {
    let dir = tempfile::tempdir().unwrap();
    let clear = DynamicImage::ImageRgba8(RgbaImage::from_pixel(16, 16, Rgba([0, 0, 0, 0])));
    for (format, expected) in [(ImageFormat::Jpeg, 255), (ImageFormat::Bmp, 255)] {
        let path = dir.path().join("out");
        write(picture(clear.clone()), format, 90, &path).unwrap();
        let read = decode(&path, format, MOST, "source").unwrap().image.into_rgb8();
        assert_eq!(read.get_pixel(8, 8).0, [expected; 3], "{format:?}");
    }
    let path = dir.path().join("out");
    write(picture(clear), ImageFormat::Png, 90, &path).unwrap();
    let read = decode(&path, ImageFormat::Png, MOST, "source").unwrap().image.into_rgba8();
    assert_eq!(read.get_pixel(8, 8).0[3], 0);
}

#[test]
fn deep_and_grey_images_are_written_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    for color in [
        image::ColorType::L8,
        image::ColorType::La8,
        image::ColorType::L16,
        image::ColorType::La16,
        image::ColorType::Rgb16,
        image::ColorType::Rgba16,
        image::ColorType::Rgb32F,
        image::ColorType::Rgba32F,
    ] {
        for format in [
            ImageFormat::Jpeg,
            ImageFormat::Png,
            ImageFormat::Gif,
            ImageFormat::Bmp,
            ImageFormat::Tiff,
        ] {
            write(picture(DynamicImage::new(8, 8, color)), format, 90, &path)
                .unwrap_or_else(|error| panic!("{color:?} as {format:?}: {error:?}"));
            decode(&path, format, MOST, "source").unwrap();
        }
        raw_pixels(picture(DynamicImage::new(8, 8, color)), ImageFormat::Avif, &path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 8 * 8 * 4);
    }
}

#[test]
fn a_part_is_resized_without_a_trace_of_the_rest() {
    let mut cut = picture(two_colors(40, 20).into());
    let part = Rectangle { x: 0, y: 0, size: Size::new(20, 20) };
    resize(&mut cut, Scaling { part: Some(part), size: Size::new(10, 10) }).unwrap();
    assert!(cut.image.into_rgb8().pixels().all(|pixel| pixel.0 == [255, 0, 0]));
}

#[test]
fn a_watermark_is_mixed_by_its_opacity_and_colours_a_grey_picture() {
    let mark = picture(RgbaImage::from_pixel(4, 4, Rgba([255, 0, 0, 255])).into());
    let mut grey =
        picture(DynamicImage::ImageLuma8(image::GrayImage::from_pixel(10, 10, image::Luma([0]))));
    lay_over(&mut grey, fade(&mark, 0.5), (3, 3));
    let pixels = grey.image.into_rgb8();
    let mixed = pixels.get_pixel(4, 4).0;
    assert!((126..=129).contains(&mixed[0]) && mixed[1] == 0, "{mixed:?}");
    assert_eq!(pixels.get_pixel(0, 0).0, [0, 0, 0]);
}

#[test]
fn bombs_are_refused_before_they_are_decoded() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = Vec::new();
    {
        use image::ImageEncoder;
        let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
        encoder.write_image(&[0; 12], 2, 2, image::ExtendedColorType::Rgb8).unwrap();
    }
    // The size in the header becomes 30000 x 30000; the check sum of the header is made right again.
    bytes[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    let sum = crc(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    let (code, message) = refused(decode(&file(&dir, &bytes), ImageFormat::Png, MOST, "source"));
    assert_eq!(code, ErrorCode::TooLarge);
    assert!(message.contains("at most 64000000 pixels"), "{message}");
}

#[test]
fn what_is_cut_off_is_called_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let noise = RgbImage::from_fn(64, 64, |x, y| {
        Rgb([(x * 37 + y * 91) as u8, (x * y) as u8, (y * 13) as u8])
    });
    for format in
        [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::Tiff]
    {
        let path = dir.path().join("out");
        write(picture(noise.clone().into()), format, 90, &path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let (code, message) =
            refused(decode(&file(&dir, &whole[..whole.len() / 2]), format, MOST, "source"));
        assert_eq!(code, ErrorCode::InvalidInput, "{format:?}");
        assert!(message.contains("damaged") && !message.contains('/'), "{format:?}: {message}");
    }
}

#[test]
fn a_profile_is_kept_only_for_its_own_kind_of_colours() {
    let dir = tempfile::tempdir().unwrap();
    let mut profile = vec![0; 128];
    profile[16..20].copy_from_slice(b"RGB ");
    let kept = |image: DynamicImage, profile: &[u8]| {
        let path = dir.path().join("out");
        let picture = Picture { image, format: ImageFormat::Png, profile: Some(profile.to_vec()) };
        write(picture, ImageFormat::Png, 90, &path).unwrap();
        decode(&path, ImageFormat::Png, MOST, "source").unwrap().profile.is_some()
    };
    assert!(kept(two_colors(4, 4).into(), &profile));
    assert!(!kept(DynamicImage::new_luma8(4, 4), &profile));
    profile[16..20].copy_from_slice(b"CMYK");
    assert!(!kept(two_colors(4, 4).into(), &profile));
}

/// The check sum of PNG chunks.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 }
        })
    })
}
