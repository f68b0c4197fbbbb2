//! The video operations on real files.

use bytes::Bytes;
use common::operation::media::VideoFormat;

use super::bench::{Bench, encoded, film, made, pixels, sound};

/// One picture of a film, `at` seconds from its beginning.
fn frame(film: &Bytes, at: f64) -> image::RgbaImage {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("film");
    std::fs::write(&path, film).unwrap();
    let arguments = format!("-ss {at} -i {} -frames:v 1 -c:v png", path.display());
    pixels(&made(&arguments, "image2pipe"))
}

fn seconds(answer: &super::bench::Answer) -> f64 {
    answer.output()["duration_s"].as_f64().unwrap()
}

#[tokio::test]
async fn a_crop_is_the_rectangle_that_was_asked_for() {
    let bench = Bench::new().await;
    let source = made(
        "-f lavfi -i color=red:s=64x64:r=10:d=0.5 -f lavfi -i color=blue:s=64x64:r=10:d=0.5 \
         -filter_complex hstack -c:v libx264 -pix_fmt yuv420p",
        "mp4",
    );
    let wish = r#"{"x":32,"y":0,"width":64,"height":32}"#;
    let answer = bench.done("video.crop", wish, &[("source", &source)]).await;
    let image = frame(&answer.file(), 0.0);
    assert_eq!(image.dimensions(), (64, 32));
    assert!(image.get_pixel(8, 16).0[0] > 200 && image.get_pixel(56, 16).0[2] > 200);
    let error = bench
        .refused("video.crop", r#"{"x":100,"width":64,"height":32}"#, &[("source", &source)])
        .await;
    assert!(error.message.contains("within the picture of 128 x 64"), "{}", error.message);
}

#[tokio::test]
async fn a_trim_is_as_long_as_wished_and_starts_where_wished() {
    let bench = Bench::new().await;
    // Black for a second, then white.
    let source = made(
        "-f lavfi -i color=black:s=64x64:r=25:d=1 -f lavfi -i color=white:s=64x64:r=25:d=1 \
         -f lavfi -i sine=d=2 -filter_complex [0:v][1:v]concat=n=2:v=1[v] -map [v] -map 2:a \
         -c:v libx264 -g 250 -pix_fmt yuv420p -c:a aac",
        "mp4",
    );
    let exact =
        bench.done("video.trim", r#"{"start":1.0,"duration":0.5}"#, &[("source", &source)]).await;
    assert!((seconds(&exact) - 0.5).abs() < 0.1, "{}", exact.document);
    assert!(frame(&exact.file(), 0.0).get_pixel(32, 32).0[0] > 200);
    let quick = bench
        .done("video.trim", r#"{"start":1.0,"end":1.5,"exact":false}"#, &[("source", &source)])
        .await;
    assert_eq!(quick.output()["video_codec"], "h264");
    let open = bench.done("video.trim", r#"{"start":1.5}"#, &[("source", &source)]).await;
    assert!((seconds(&open) - 0.5).abs() < 0.1, "{}", open.document);
    let error = bench.refused("video.trim", r#"{"start":5}"#, &[("source", &source)]).await;
    assert!(error.message.contains("begin at 5 s"), "{}", error.message);
}

#[tokio::test]
async fn a_watermark_is_on_every_picture() {
    let bench = Bench::new().await;
    let source =
        made("-f lavfi -i color=black:s=128x96:r=10:d=1 -c:v libx264 -pix_fmt yuv420p", "mp4");
    let white = image::RgbaImage::from_pixel(10, 10, image::Rgba([255; 4]));
    let mark = encoded(&white.into(), image::ImageFormat::Png);
    let files = [("source", &source), ("watermark", &mark)];
    let wish = r#"{"position":"top_right","margin":8,"scale":0.25}"#;
    let answer = bench.done("video.watermark", wish, &files).await;
    for at in [0.0, 0.9] {
        let image = frame(&answer.file(), at);
        assert!(image.get_pixel(104, 24).0[0] > 220, "at {at}");
        assert!(image.get_pixel(20, 80).0[0] < 40, "at {at}");
    }
    let faint =
        bench.done("video.watermark", r#"{"opacity":0.5,"position":"center"}"#, &files).await;
    let value = frame(&faint.file(), 0.5).get_pixel(64, 48).0[0];
    assert!((100..=155).contains(&value), "{value}");
}

#[tokio::test]
async fn a_film_that_lies_on_its_side_is_worked_on_upright() {
    let bench = Bench::new().await;
    let plain =
        made("-f lavfi -i testsrc=s=128x64:r=10:d=0.5 -c:v libx264 -pix_fmt yuv420p", "mp4");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("plain");
    std::fs::write(&path, &plain).unwrap();
    let lying = made(&format!("-i {} -c copy -metadata:s:v:0 rotate=90", path.display()), "mp4");
    let answer = bench.done("video.convert", r#"{"format":"mkv"}"#, &[("source", &lying)]).await;
    assert_eq!((&answer.output()["width"], &answer.output()["height"]), (&64.into(), &128.into()));
    let answer = bench.done("video.convert", r#"{"format":"mov"}"#, &[("source", &lying)]).await;
    assert_eq!((&answer.output()["width"], &answer.output()["height"]), (&64.into(), &128.into()));
    let crop =
        bench.done("video.crop", r#"{"width":64,"height":100}"#, &[("source", &lying)]).await;
    assert_eq!(crop.output()["height"], 100);
}

#[tokio::test]
async fn tracks_are_copied_where_the_container_holds_them() {
    let bench = Bench::new().await;
    let source = film(1.0);
    let answer = bench.done("video.convert", r#"{"format":"mkv"}"#, &[("source", &source)]).await;
    assert_eq!(
        (&answer.output()["video_codec"], &answer.output()["audio_codec"]),
        (&"h264".into(), &"aac".into())
    );
    assert!(frame(&answer.file(), 0.0) == frame(&source, 0.0), "the pictures are not the same");
}

#[tokio::test]
async fn nothing_that_was_noted_in_a_file_is_handed_on() {
    let bench = Bench::new().await;
    let source = made(
        "-f lavfi -i testsrc=s=64x64:d=0.5 -f lavfi -i sine=d=0.5 -c:v libx264 -pix_fmt yuv420p -c:a aac \
         -metadata title=SECRET -metadata location=+SECRET/ -metadata comment=SECRET -metadata:s:v:0 title=SECRET \
         -metadata:s:a:0 handler_name=SECRET -metadata creation_time=2001-02-03T04:05:06Z",
        "mov",
    );
    for format in VideoFormat::ALL {
        let wish = format!(r#"{{"format":"{}"}}"#, format.as_str());
        let file = bench.done("video.convert", &wish, &[("source", &source)]).await.file();
        assert!(!file.windows(6).any(|part| part == b"SECRET"), "{format:?}");
    }
    let file =
        bench.done("audio.extract", r#"{"format":"m4a"}"#, &[("source", &source)]).await.file();
    assert!(!file.windows(6).any(|part| part == b"SECRET"));
}

#[tokio::test]
async fn odd_sizes_and_odd_rates_are_written_in_every_format() {
    let bench = Bench::new().await;
    let gif = made("-f lavfi -i testsrc=s=65x49:r=7:d=1", "gif");
    for format in ["mp4", "webm", "avi", "wmv", "mpeg", "ts", "ogg", "flv"] {
        let wish = format!(r#"{{"format":"{format}"}}"#);
        let answer = bench.done("video.convert", &wish, &[("source", &gif)]).await;
        assert_eq!(
            (&answer.output()["width"], &answer.output()["height"]),
            (&64.into(), &48.into()),
            "{format}"
        );
    }
}

#[tokio::test]
async fn recordings_without_a_rate_and_strange_sound_are_written_in_every_format() {
    let bench = Bench::new().await;
    let browser = made(
        "-f lavfi -i testsrc=s=64x48:r=1000:d=0.3 -f lavfi -i sine=d=0.3:r=8000 \
         -c:v libvpx -deadline realtime -cpu-used 8 -c:a libvorbis",
        "webm",
    );
    let cinema = made(
        "-f lavfi -i testsrc=s=64x48:r=25:d=0.4 -f lavfi -i aevalsrc=0|0|0|0|0|0:c=5.1:s=96000:d=0.4 \
         -c:v mpeg4 -c:a flac",
        "matroska",
    );
    let phone = made(
        "-f lavfi -i testsrc=s=64x48:r=15:d=0.4 -f lavfi -i sine=d=0.4:r=8000 -c:v mpeg4 -c:a aac",
        "mp4",
    );
    for format in VideoFormat::ALL {
        let wish = format!(r#"{{"format":"{}"}}"#, format.as_str());
        for source in [&browser, &cinema, &phone] {
            bench.done("video.convert", &wish, &[("source", source)]).await;
        }
    }
}

#[tokio::test]
async fn what_has_no_pictures_or_no_sound_is_refused_in_words() {
    let bench = Bench::new().await;
    let sound = sound();
    let error = bench.refused("video.scale", r#"{"width":64}"#, &[("source", &sound)]).await;
    assert_eq!(error.message, "the source has sound, but no pictures");
    let silent = made("-f lavfi -i testsrc=s=64x64:d=0.2 -c:v libx264 -pix_fmt yuv420p", "mp4");
    let error = bench.refused("audio.extract", "{}", &[("source", &silent)]).await;
    assert_eq!(error.message, "the source has no sound");
}
