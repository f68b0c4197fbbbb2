//! Every declared format, written by the engine and read by it again.

use common::operation::media::{AudioFormat, ImageFormat, VideoFormat};
use serde_json::Value;

use super::bench::{Bench, film, picture, pixels, sound};

fn about(value: &Value, seconds: f64) -> bool {
    value.as_f64().is_some_and(|value| (value - seconds).abs() < 0.35)
}

#[tokio::test]
async fn video_in_both_directions() {
    let bench = Bench::new().await;
    let source = film(1.0);
    for format in VideoFormat::ALL {
        let word = format.as_str();
        let wish = format!(r#"{{"format":"{word}"}}"#);
        let there = bench.done("video.convert", &wish, &[("source", &source)]).await;
        let output = there.output();
        assert_eq!(output["name"], format!("output.{}", format.extension()));
        assert_eq!(output["content_type"], format.content_type());
        assert_eq!((&output["width"], &output["height"]), (&128.into(), &96.into()), "{word}");
        assert!(about(&output["duration_s"], 1.0), "{word}: {output}");
        assert_eq!(
            output.get("audio_codec").is_some(),
            format != VideoFormat::Gif,
            "{word}: {output}"
        );
        let file = there.file();
        let scaled = bench.done("video.scale", r#"{"width":64}"#, &[("source", &file)]).await;
        assert_eq!(scaled.output()["name"], there.output()["name"], "the own format is kept");
        assert_eq!(scaled.output()["height"], 48, "{word}");
        let back = bench
            .done("video.convert", r#"{"format":"mp4","quality":60}"#, &[("source", &file)])
            .await;
        assert_eq!(back.document["source"]["format"], word);
        let output = back.output();
        assert_eq!(
            (&output["video_codec"], &output["width"]),
            (&"h264".into(), &128.into()),
            "{word}"
        );
        assert!(about(&output["duration_s"], 1.0), "{word}: {output}");
        assert_eq!(
            output.get("audio_codec").is_some(),
            format != VideoFormat::Gif,
            "{word}: {output}"
        );
    }
}

#[tokio::test]
async fn sound_in_both_directions() {
    let bench = Bench::new().await;
    let source = sound();
    for format in AudioFormat::ALL {
        let word = format.as_str();
        let wish = format!(r#"{{"format":"{word}"}}"#);
        let there = bench.done("audio.convert", &wish, &[("source", &source)]).await;
        assert_eq!(there.output()["content_type"], format.content_type());
        assert!(about(&there.output()["duration_s"], 1.0), "{word}: {}", there.document);
        let file = there.file();
        let back = bench
            .done(
                "audio.convert",
                r#"{"format":"wav","sample_rate":16000,"channels":1}"#,
                &[("source", &file)],
            )
            .await;
        assert_eq!(back.document["source"]["format"], word);
        assert!(about(&back.output()["duration_s"], 1.0), "{word}: {}", back.document);
        // One second of 16 bit at 16 kHz, and a header.
        let bytes = back.file().len();
        assert!((28_000..42_000).contains(&bytes), "{word}: {bytes}");
    }
}

#[tokio::test]
async fn the_sound_of_a_film_in_every_format() {
    let bench = Bench::new().await;
    let source = film(1.0);
    for format in AudioFormat::ALL {
        let wish = format!(r#"{{"format":"{}"}}"#, format.as_str());
        let answer = bench.done("audio.extract", &wish, &[("source", &source)]).await;
        assert!(answer.output().get("width").is_none());
        assert!(about(&answer.output()["duration_s"], 1.0), "{}", answer.document);
    }
}

#[tokio::test]
async fn the_corners_of_sound_parameters() {
    let bench = Bench::new().await;
    let wide =
        super::bench::made("-f lavfi -i aevalsrc=0|0|0|0|0|0:c=5.1:s=96000:d=1 -c:a flac", "flac");
    for format in AudioFormat::ALL {
        let word = format.as_str();
        bench
            .done("audio.convert", &format!(r#"{{"format":"{word}"}}"#), &[("source", &wide)])
            .await;
        let low = format!(r#"{{"format":"{word}","sample_rate":8000,"channels":1}}"#);
        bench.done("audio.convert", &low, &[("source", &wide)]).await;
    }
}

#[tokio::test]
async fn images_in_both_directions() {
    let bench = Bench::new().await;
    let source = picture(80, 60);
    for format in ImageFormat::ALL {
        let word = format.as_str();
        let wish = format!(r#"{{"format":"{word}"}}"#);
        let there = bench.done("image.convert", &wish, &[("source", &source)]).await;
        let output = there.output();
        assert_eq!(output["name"], format!("output.{}", format.extension()));
        assert_eq!(output["content_type"], format.content_type());
        assert_eq!((&output["width"], &output["height"]), (&80.into(), &60.into()), "{word}");
        let file = there.file();
        let back = bench.done("image.convert", r#"{"format":"png"}"#, &[("source", &file)]).await;
        assert_eq!(back.document["source"]["format"], word);
        let pixels = pixels(&back.file());
        let (left, right) = (pixels.get_pixel(10, 30).0, pixels.get_pixel(70, 30).0);
        assert!(left[0] > 230 && left[1] < 25 && left[2] < 25, "{word}: {left:?}");
        assert!(right[2] > 230 && right[1] < 25 && right[0] < 25, "{word}: {right:?}");
        let own = bench.done("image.scale", r#"{"height":30}"#, &[("source", &file)]).await;
        assert_eq!(own.output()["name"], format!("output.{}", format.extension()), "{word}");
        assert_eq!(own.output()["width"], 40, "{word}");
    }
}

#[tokio::test]
async fn lossy_formats_obey_the_quality() {
    let bench = Bench::new().await;
    let noisy =
        super::bench::made("-f lavfi -i testsrc2=s=320x240 -frames:v 1 -c:v png", "image2pipe");
    for format in ImageFormat::ALL.into_iter().filter(|format| format.is_lossy()) {
        let mut sizes = Vec::new();
        for quality in [10, 95] {
            let wish = format!(r#"{{"format":"{}","quality":{quality}}}"#, format.as_str());
            let answer = bench.done("image.convert", &wish, &[("source", &noisy)]).await;
            sizes.push(answer.file().len());
        }
        assert!(sizes[0] * 3 < sizes[1] * 2, "{format:?}: {sizes:?}");
    }
}
