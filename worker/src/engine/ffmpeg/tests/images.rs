//! The image operations on real files.

use bytes::Bytes;
use image::{DynamicImage, Rgba, RgbaImage};

use super::bench::{Bench, encoded, picture, pixels};

/// A JPEG, red left and blue right, that a camera took lying on its side and with its place on earth.
fn from_a_camera(orientation: u8) -> Bytes {
    let plain = image::load_from_memory(&picture(80, 40)).unwrap();
    let jpeg = encoded(&plain, image::ImageFormat::Jpeg);
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x02".to_vec();
    exif.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    // A GPS directory, with the latitude's reference.
    exif.extend([0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 38, 0, 0, 0, 0]);
    exif.extend([0, 1, 0, 1, 0, 2, 0, 0, 0, 2, b'N', 0, 0, 0, 0, 0, 0, 0]);
    let mut file = jpeg[..2].to_vec();
    file.extend([0xff, 0xe1]);
    file.extend(u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
    file.extend(&exif);
    file.extend(&jpeg[2..]);
    file.into()
}

fn is_red(pixel: Rgba<u8>) -> bool {
    pixel.0[0] > 220 && pixel.0[2] < 40
}

fn is_blue(pixel: Rgba<u8>) -> bool {
    pixel.0[2] > 220 && pixel.0[0] < 40
}

#[tokio::test]
async fn a_photo_is_turned_upright_and_forgets_where_it_was_taken() {
    let bench = Bench::new().await;
    let photo = from_a_camera(6);
    let contains = |bytes: &Bytes, word: &[u8]| bytes.windows(word.len()).any(|part| part == word);
    assert!(contains(&photo, b"Exif"));
    for wish in [
        r#"{"format":"jpeg"}"#,
        r#"{"format":"png"}"#,
        r#"{"format":"webp"}"#,
        r#"{"format":"tiff"}"#,
    ] {
        let answer = bench.done("image.convert", wish, &[("source", &photo)]).await;
        assert_eq!(
            (&answer.output()["width"], &answer.output()["height"]),
            (&40.into(), &80.into()),
            "{wish}"
        );
        assert_eq!(answer.document["source"]["width"], 40);
        let file = answer.file();
        assert!(
            !contains(&file, b"Exif") && !contains(&file, b"EXIF") && !contains(&file, b"eXIf"),
            "{wish}"
        );
        let image = pixels(&file);
        assert!(is_red(*image.get_pixel(20, 10)) && is_blue(*image.get_pixel(20, 70)), "{wish}");
    }
}

#[tokio::test]
async fn a_crop_counts_from_the_upright_picture() {
    let bench = Bench::new().await;
    let photo = from_a_camera(8);
    let wish = r#"{"x":0,"y":60,"width":40,"height":20,"format":"png"}"#;
    let answer = bench.done("image.crop", wish, &[("source", &photo)]).await;
    let image = pixels(&answer.file());
    assert_eq!(image.dimensions(), (40, 20));
    assert!(is_red(*image.get_pixel(20, 10)));
    let error = bench
        .refused("image.crop", r#"{"x":60,"width":40,"height":20}"#, &[("source", &photo)])
        .await;
    assert!(
        error.message.contains("does not lie within the picture of 40 x 80"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn scaling_keeps_fills_or_stretches() {
    let bench = Bench::new().await;
    let source = picture(80, 40);
    for (wish, size) in [
        (r#"{"width":40}"#, (40, 20)),
        (r#"{"height":80}"#, (160, 80)),
        (r#"{"width":40,"height":40}"#, (40, 20)),
        (r#"{"width":40,"height":40,"fit":"cover"}"#, (40, 40)),
        (r#"{"width":30,"height":50,"fit":"fill"}"#, (30, 50)),
    ] {
        let answer = bench.done("image.scale", wish, &[("source", &source)]).await;
        assert_eq!(pixels(&answer.file()).dimensions(), size, "{wish}");
    }
    let error = bench
        .refused(
            "image.scale",
            r#"{"width":16384,"height":16384,"fit":"fill"}"#,
            &[("source", &source)],
        )
        .await;
    assert!(error.message.contains("16384 x 16384"), "{}", error.message);
}

#[tokio::test]
async fn a_watermark_lies_in_its_corner() {
    let bench = Bench::new().await;
    let source = picture(100, 60);
    let green = DynamicImage::ImageRgba8(RgbaImage::from_pixel(30, 30, Rgba([0, 255, 0, 255])));
    let mark = encoded(&green, image::ImageFormat::Png);
    let files = [("source", &source), ("watermark", &mark)];
    for (position, x, y) in [
        ("top_left", 10, 10),
        ("top_right", 90, 10),
        ("bottom_left", 10, 50),
        ("bottom_right", 90, 50),
        ("center", 50, 30),
    ] {
        let wish = format!(r#"{{"position":"{position}","margin":5,"scale":0.1}}"#);
        let answer = bench.done("image.watermark", &wish, &files).await;
        let image = pixels(&answer.file());
        assert_eq!(image.get_pixel(x, y).0, [0, 255, 0, 255], "{position}");
        assert_eq!(image.pixels().filter(|pixel| pixel.0[1] == 255).count(), 100, "{position}");
    }
    let answer = bench.done("image.watermark", r#"{"opacity":0.25,"scale":0.1}"#, &files).await;
    let mixed = pixels(&answer.file()).get_pixel(85, 45).0;
    assert!((60..=68).contains(&mixed[1]), "{mixed:?}");
}

#[tokio::test]
async fn webp_keeps_transparency_and_has_a_longest_side() {
    let bench = Bench::new().await;
    let clear = DynamicImage::ImageRgba8(RgbaImage::from_pixel(20, 20, Rgba([0, 0, 255, 0])));
    let source = encoded(&clear, image::ImageFormat::Png);
    let answer = bench.done("image.convert", r#"{"format":"webp"}"#, &[("source", &source)]).await;
    assert_eq!(pixels(&answer.file()).get_pixel(10, 10).0[3], 0);
    let wish = r#"{"width":16384,"height":2,"fit":"fill","format":"webp"}"#;
    let error = bench.refused("image.scale", wish, &[("source", &source)]).await;
    assert!(error.message.contains("16383"), "{}", error.message);
}

#[tokio::test]
async fn a_probe_says_what_a_file_is() {
    let bench = Bench::new().await;
    let photo = from_a_camera(6);
    let source =
        bench.done("media.probe", "{}", &[("source", &photo)]).await.document["source"].clone();
    assert_eq!((&source["kind"], &source["format"]), (&"image".into(), &"jpeg".into()));
    assert_eq!((&source["width"], &source["height"]), (&40.into(), &80.into()));
    let film = super::bench::film(1.0);
    let answer = bench.done("media.probe", "{}", &[("source", &film)]).await;
    let source = &answer.document["source"];
    assert_eq!((&source["kind"], &source["video"]["codec"]), (&"video".into(), &"h264".into()));
    assert_eq!(
        (&source["audio"]["codec"], &source["audio"]["channels"]),
        (&"aac".into(), &1.into())
    );
    assert!(answer.document.get("output").is_none() && answer.files.is_empty());
    let sound = super::bench::sound();
    let answer = bench.done("media.probe", "{}", &[("source", &sound)]).await;
    assert_eq!(
        (&answer.document["source"]["kind"], &answer.document["source"]["format"]),
        (&"audio".into(), &"wav".into())
    );
}
