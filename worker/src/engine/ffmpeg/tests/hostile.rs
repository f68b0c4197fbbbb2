//! Files that are not what they seem.

use std::time::Duration;

use bytes::Bytes;
use common::error_code::ErrorCode;

use super::bench::{Bench, encoded, film, made, picture};
use crate::engine::ffmpeg::{FfmpegOptions, SandboxMode};

const CONVERSIONS: [(&str, &str); 4] = [
    ("video.convert", r#"{"format":"mp4"}"#),
    ("audio.convert", r#"{"format":"mp3"}"#),
    ("image.convert", r#"{"format":"png"}"#),
    ("media.probe", "{}"),
];

#[tokio::test]
async fn playlists_in_disguise_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("secret.ts");
    std::fs::write(&secret, made("-f lavfi -i testsrc=s=64x64:d=0.2 -c:v libx264", "mpegts"))
        .unwrap();
    let secret = secret.display();
    let bench = Bench::new().await;
    for (playlist, name) in [
        (format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n"), "hls"),
        ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:1/a.ts\n#EXT-X-ENDLIST\n".to_owned(), "hls"),
        (format!("ffconcat version 1.0\nfile '{secret}'\n"), "concat"),
        ("ffconcat version 1.0\nfile in.bin\n".to_owned(), "concat"),
    ] {
        let bytes = Bytes::from(playlist);
        let error = bench.refused("video.convert", r#"{"format":"mp4"}"#, &[("source", &bytes)]).await;
        assert_eq!(error.code, ErrorCode::InvalidInput);
        assert!(error.message.contains("playlist"), "{name}: {}", error.message);
        for (operation, wish) in CONVERSIONS {
            bench.refused(operation, wish, &[("source", &bytes)]).await;
        }
    }
    let dash =
        r#"<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"></MPD>"#;
    let sdp = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5000 RTP/AVP 96\n";
    for text in [dash, sdp] {
        bench
            .refused("video.convert", r#"{"format":"mp4"}"#, &[("source", &Bytes::from(text))])
            .await;
    }
}

#[tokio::test]
async fn nothing_text_and_noise_are_refused_in_words() {
    let bench = Bench::new().await;
    let noise: Vec<u8> =
        (0_u32..50_000).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let zeros = vec![0; 50_000];
    for content in
        [&b""[..], b"just some text, renamed to film.mp4\n", b"\x89PNG\r\n\x1a\n", &noise, &zeros]
    {
        let bytes = Bytes::copy_from_slice(content);
        for (operation, wish) in CONVERSIONS {
            let error = bench.refused(operation, wish, &[("source", &bytes)]).await;
            assert_eq!(error.code, ErrorCode::InvalidInput, "{operation}: {}", error.message);
            assert!(error.message.contains("source file"), "{operation}: {}", error.message);
        }
    }
}

/// Bytes that look like noise, the same at every run.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[tokio::test]
async fn noise_that_a_reader_takes_for_its_own_is_the_callers_fault() {
    // Nobody wants the first. In the others the reader of MP3 sees a frame, and looks for the next one behind the end.
    let bench = Bench::new().await;
    for seed in [1, 5, 22] {
        let bytes = Bytes::from(noise(seed, 5_000));
        for (operation, wish) in [("media.probe", "{}"), ("video.scale", r#"{"width":64}"#)] {
            let error = bench.refused(operation, wish, &[("source", &bytes)]).await;
            assert_eq!(error.code, ErrorCode::InvalidInput, "{seed}: {}", error.message);
            assert!(error.message.contains("source file"), "{seed}: {}", error.message);
        }
    }
}

#[tokio::test]
async fn a_picture_in_place_of_a_film_is_called_a_picture() {
    let bench = Bench::new().await;
    let png = picture(32, 32);
    let photo = image::load_from_memory(&png).unwrap();
    let jpeg = encoded(&photo, image::ImageFormat::Jpeg);
    for (operation, wish, wanted) in [
        ("video.scale", r#"{"width":64}"#, "video.scale needs a video"),
        ("audio.extract", r#"{"format":"mp3"}"#, "audio.extract needs a file with sound"),
    ] {
        for (source, kind) in [(&png, "a picture (png)"), (&jpeg, "a picture (jpeg)")] {
            let error = bench.refused(operation, wish, &[("source", source)]).await;
            assert_eq!(error.code, ErrorCode::InvalidInput);
            let said = &error.message;
            assert!(said.contains(kind) && said.contains(wanted), "{said}");
        }
    }
}

#[tokio::test]
async fn films_that_are_cut_off_are_called_so() {
    let bench = Bench::new().await;
    let whole = film(2.0);
    let half = whole.slice(..whole.len() / 2);
    for wish in [r#"{"format":"mkv"}"#, r#"{"format":"webm"}"#] {
        let error = bench.refused("video.convert", wish, &[("source", &half)]).await;
        assert_eq!(error.code, ErrorCode::InvalidInput);
        assert!(error.message.contains("damaged"), "{}", error.message);
    }
    let late = made("-f lavfi -i testsrc=s=64x64:d=1 -c:v libx264 -pix_fmt yuv420p", "mp4");
    let headless = late.slice(..late.len() / 2);
    let error =
        bench.refused("video.convert", r#"{"format":"mkv"}"#, &[("source", &headless)]).await;
    assert!(error.message.contains("incomplete"), "{}", error.message);
}

#[tokio::test]
async fn limits_are_told_in_words() {
    let options = FfmpegOptions {
        max_duration: Duration::from_secs(1),
        max_pixels: 100 * 100,
        ..FfmpegOptions::default()
    };
    let bench = Bench::with(options).await;
    let long = made("-f lavfi -i testsrc=s=64x64:d=1.6 -c:v libx264 -pix_fmt yuv420p", "mp4");
    let large = made("-f lavfi -i testsrc=s=256x256:d=0.2 -c:v libx264 -pix_fmt yuv420p", "mp4");
    let photo = picture(200, 200);
    for (operation, wish, source, words) in [
        ("video.convert", r#"{"format":"mkv"}"#, &long, "2 s long"),
        ("video.convert", r#"{"format":"mkv"}"#, &large, "256 x 256"),
        ("image.convert", r#"{"format":"jpeg"}"#, &photo, "at most 10000 pixels"),
    ] {
        let error = bench.refused(operation, wish, &[("source", source)]).await;
        assert_eq!(error.code, ErrorCode::TooLarge);
        assert!(error.message.contains(words), "{}", error.message);
    }
}

#[tokio::test]
async fn a_result_that_grows_too_large_is_stopped() {
    for sandbox in [SandboxMode::Auto, SandboxMode::Off] {
        let options =
            FfmpegOptions { max_output_bytes: 20_000, sandbox, ..FfmpegOptions::default() };
        let bench = Bench::with(options).await;
        let source = made("-f lavfi -i sine=d=2 -c:a libmp3lame -b:a 32k", "mp3");
        let error =
            bench.refused("audio.convert", r#"{"format":"wav"}"#, &[("source", &source)]).await;
        assert_eq!(
            (error.code, error.message.as_str()),
            (ErrorCode::TooLarge, "the result would be larger than is allowed")
        );
    }
}

#[tokio::test]
async fn work_that_takes_too_long_is_stopped() {
    let options =
        FfmpegOptions { time_limit: Duration::from_millis(200), ..FfmpegOptions::default() };
    let bench = Bench::with(options).await;
    let source = made(
        "-f lavfi -i color=s=640x360:r=50:d=30 -c:v libx264 -preset ultrafast -pix_fmt yuv420p",
        "mp4",
    );
    let error = bench.refused("video.scale", r#"{"width":3840}"#, &[("source", &source)]).await;
    assert!(error.message.contains("takes longer"), "{}", error.message);
}

#[tokio::test]
async fn the_same_work_is_done_without_a_sandbox() {
    let bench =
        Bench::with(FfmpegOptions { sandbox: SandboxMode::Off, ..FfmpegOptions::default() }).await;
    let source = film(0.5);
    bench.done("video.scale", r#"{"width":64}"#, &[("source", &source)]).await;
    let photo = picture(64, 64);
    let files = [("source", &source), ("watermark", &photo)];
    bench.done("video.watermark", "{}", &files).await;
    bench.done("image.convert", r#"{"format":"webp"}"#, &[("source", &photo)]).await;
}
