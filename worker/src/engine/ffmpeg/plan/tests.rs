use super::*;
use crate::engine::ffmpeg::probe::Rational;
use serde::de::DeserializeOwned;

fn film() -> MediaInfo {
    MediaInfo {
        kind: Kind::Video,
        format: "mp4".to_owned(),
        reader: "mov,mp4,m4a,3gp,3g2,mj2".to_owned(),
        bytes: 1,
        duration_s: Some(10.0),
        bit_rate: None,
        width: Some(640),
        height: Some(360),
        video: Some(VideoTrack {
            codec: "h264".to_owned(),
            fps: Some(25.0),
            pixel_format: Some("yuv420p".to_owned()),
            rotation: 0,
            duration_s: Some(10.0),
            index: 1,
            width: 640,
            height: 360,
            pixel_ratio: Rational::ONE,
            rate: Some(Rational { numerator: 25, denominator: 1 }),
        }),
        audio: Some(AudioTrack {
            codec: "aac".to_owned(),
            sample_rate: 44_100,
            channels: 2,
            bit_rate: None,
            duration_s: Some(10.0),
            index: 0,
        }),
        tracks: 2,
        brand: "isom".to_owned(),
    }
}

fn with_video(change: impl FnOnce(&mut VideoTrack)) -> MediaInfo {
    let mut info = film();
    change(info.video.as_mut().unwrap());
    info
}

fn wish<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap()
}

fn line(plan: &VideoPlan) -> String {
    plan.arguments(&FfmpegOptions::default(), 2, "in.bin", "mark.png", "out.x").join(" ")
}

fn refusal<T: std::fmt::Debug>(result: Result<T, EngineError>) -> String {
    match result.unwrap_err() {
        EngineError::Fail(error) => error.message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_guard_stands_before_the_source_and_metadata_is_dropped() {
    let line = line(&convert(&wish(r#"{"format":"mp4"}"#), &film()).unwrap());
    let (before, after) = line.split_once("-i file:in.bin").unwrap();
    for guard in [
        "-nostdin",
        "-protocol_whitelist file,pipe",
        "-format_whitelist mov,",
        "-max_alloc",
        "-max_pixels",
    ] {
        assert!(before.contains(guard), "{guard} in {before}");
    }
    for end in ["-map_metadata -1", "-map_chapters -1", "-sn", "-dn", "-t 7201"] {
        assert!(after.contains(end), "{end} in {after}");
    }
}

#[test]
fn a_conversion_copies_what_the_container_holds() {
    let plan = convert(&wish(r#"{"format":"mkv"}"#), &film()).unwrap();
    assert_eq!((plan.video, plan.audio), (Treatment::Copy, Treatment::Copy));
    assert!(line(&plan).contains("-map 0:1 -c:v copy -map 0:0 -c:a copy"));
    let plan = convert(&wish(r#"{"format":"webm"}"#), &film()).unwrap();
    assert_eq!((plan.video, plan.audio), (Treatment::Encode, Treatment::Encode));
    let plan = convert(&wish(r#"{"format":"avi"}"#), &film()).unwrap();
    assert_eq!((plan.video, plan.audio), (Treatment::Encode, Treatment::Encode));
}

#[test]
fn a_conversion_encodes_where_a_copy_would_be_wrong() {
    let treatment = |json: &str, info: &MediaInfo| convert(&wish(json), info).unwrap().video;
    assert_eq!(treatment(r#"{"format":"mp4","quality":50}"#, &film()), Treatment::Encode);
    let lying = with_video(|video| video.rotation = 90);
    assert_eq!(treatment(r#"{"format":"mkv"}"#, &lying), Treatment::Encode);
    assert_eq!(treatment(r#"{"format":"mov"}"#, &lying), Treatment::Copy);
    let mut timeless = with_video(|video| video.codec = "mpeg4".to_owned());
    timeless.reader = "avi".to_owned();
    assert_eq!(treatment(r#"{"format":"mp4"}"#, &timeless), Treatment::Encode);
    assert_eq!(treatment(r#"{"format":"avi"}"#, &timeless), Treatment::Copy);
}

#[test]
fn a_failed_copy_has_a_fallback_that_copies_nothing() {
    let plan = convert(&wish(r#"{"format":"mkv"}"#), &film()).unwrap();
    assert!(plan.has_fallback());
    let encoded = plan.without_copies();
    assert!(!encoded.has_fallback());
    assert!(!line(&encoded).contains("copy"));
}

#[test]
fn odd_pictures_lose_a_row_or_column_and_gif_keeps_them() {
    let odd = with_video(|video| (video.width, video.height) = (641, 359));
    let plan = convert(&wish(r#"{"format":"webm"}"#), &odd).unwrap();
    assert_eq!(plan.size, Size::new(640, 358));
    assert!(line(&plan).contains("[0:1]crop=640:358:0:0[out]"));
    let plan = convert(&wish(r#"{"format":"gif"}"#), &odd).unwrap();
    assert_eq!(plan.size, Size::new(641, 359));
    assert!(line(&plan).contains("fps=25.000,split") && line(&plan).contains("-an"));
}

#[test]
fn a_crop_must_lie_within_the_pictures() {
    let plan = crop(&wish(r#"{"x":10,"y":20,"width":100,"height":50}"#), &film()).unwrap();
    assert!(line(&plan).contains("[0:1]crop=100:50:10:20[out]"));
    assert_eq!(plan.format, VideoFormat::Mp4);
    let message = refusal(crop(&wish(r#"{"x":600,"width":100,"height":50}"#), &film()));
    assert_eq!(
        message,
        "the rectangle of 100 x 50 at 600, 0 does not lie within the picture of 640 x 360"
    );
}

#[test]
fn scaling_makes_square_pixels_and_respects_the_limit() {
    let options = FfmpegOptions::default();
    let plan = scale(&wish(r#"{"width":320}"#), &film(), &options).unwrap();
    assert!(line(&plan).contains("[0:1]scale=320:180:flags=bicubic,setsar=1[out]"));
    let wide = with_video(|video| video.pixel_ratio = Rational { numerator: 2, denominator: 1 });
    let plan = scale(&wish(r#"{"width":320}"#), &wide, &options).unwrap();
    assert_eq!(plan.size, Size::new(320, 90));
    let plan =
        scale(&wish(r#"{"width":100,"height":100,"fit":"cover"}"#), &wide, &options).unwrap();
    assert!(line(&plan).contains("[0:1]crop=180:360:230:0,scale=100:100"), "{}", line(&plan));
    let small = FfmpegOptions { max_pixels: 1_000_000, ..FfmpegOptions::default() };
    assert!(refusal(scale(&wish(r#"{"width":8192}"#), &film(), &small)).contains("8192 x 4608"));
}

#[test]
fn a_trim_seeks_before_the_source_and_is_as_long_as_wished() {
    let plan = trim(&wish(r#"{"start":2.5,"end":4}"#), &film()).unwrap();
    let text = line(&plan);
    assert!(text.contains("-ss 2.500000 -max_pixels"), "{text}");
    assert!(text.contains("-t 1.500000"), "{text}");
    assert_eq!((plan.video, plan.audio), (Treatment::Encode, Treatment::Encode));
    assert_eq!(plan.certain_duration, Some(1.5));
    let plan = trim(&wish(r#"{"start":8,"duration":100}"#), &film()).unwrap();
    assert_eq!(plan.certain_duration, Some(2.0));
    assert!(refusal(trim(&wish(r#"{"start":10}"#), &film())).contains("10.000 s long"));
}

#[test]
fn a_quick_trim_copies_or_says_that_it_can_not() {
    let plan = trim(&wish(r#"{"start":2,"exact":false}"#), &film()).unwrap();
    assert!(
        line(&plan).contains("-c:v copy") && line(&plan).contains("-avoid_negative_ts make_zero")
    );
    assert!(!plan.has_fallback(), "nothing is encoded when a copy was asked for");
    let message = refusal(trim(&wish(r#"{"start":2,"exact":false,"format":"webm"}"#), &film()));
    assert!(message.contains("can not be copied into webm"), "{message}");
}

#[test]
fn a_watermark_is_drawn_at_its_place() {
    let mark = Size::new(100, 100);
    let (plan, size) = watermark(&wish("{}"), &film(), mark).unwrap();
    assert_eq!(size, Size::new(128, 128));
    let text = line(&plan);
    assert!(text.contains("[0:1]null[base];[base][1:0]overlay=502:222:format=auto[out]"), "{text}");
    assert!(text.contains("-format_whitelist png_pipe -i file:mark.png"), "{text}");
}

#[test]
fn sources_without_moving_pictures_are_refused_in_words() {
    let mut sound = film();
    (sound.video, sound.kind) = (None, Kind::Audio);
    assert!(refusal(convert(&wish(r#"{"format":"mp4"}"#), &sound)).contains("no pictures"));
    let mut still = film();
    still.kind = Kind::Image;
    assert!(refusal(convert(&wish(r#"{"format":"mp4"}"#), &still)).contains("still image"));
}
