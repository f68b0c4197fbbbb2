use std::time::Duration;

use super::raw::read;
use super::*;
use crate::engine::ffmpeg::options::FfmpegOptions;

const FILM: &str = r#"{"streams":[
  {"index":0,"codec_type":"video","codec_name":"mjpeg","width":300,"height":300,"disposition":{"attached_pic":1}},
  {"index":1,"codec_type":"audio","codec_name":"aac","sample_rate":"44100","channels":2,"duration":"9.9"},
  {"index":2,"codec_type":"video","codec_name":"h264","width":1920,"height":1080,"pix_fmt":"yuv420p",
   "sample_aspect_ratio":"4:3","avg_frame_rate":"30000/1001","r_frame_rate":"30/1","duration":"10.010000",
   "side_data_list":[{"side_data_type":"Display Matrix","rotation":-90}]}],
  "format":{"format_name":"mov,mp4,m4a,3gp,3g2,mj2","duration":"10.010000","bit_rate":"800000",
   "tags":{"major_brand":"qt  "}}}"#;

fn film() -> MediaInfo {
    read(FILM.as_bytes()).unwrap().into_info(1234)
}

#[test]
fn sizes_are_upright_and_the_cover_is_no_film() {
    let info = film();
    let video = info.video.as_ref().unwrap();
    assert_eq!((video.index, video.width, video.height, video.rotation), (2, 1080, 1920, 270));
    assert_eq!(video.pixel_ratio, Rational { numerator: 3, denominator: 4 });
    assert_eq!(video.fps, Some(29.97));
    assert_eq!((info.kind, info.brand.as_str(), info.format.as_str()), (Kind::Video, "qt", "mov"));
    assert_eq!(info.audio.unwrap().index, 1);
}

#[test]
fn what_results_show_has_no_empty_fields() {
    let mut info = film();
    info.video = None;
    info.width = None;
    let json = serde_json::to_value(&info).unwrap();
    assert_eq!(json["audio"]["sample_rate"], 44100);
    assert!(
        json.get("video").is_none() && json.get("width").is_none() && json.get("brand").is_none()
    );
}

#[test]
fn too_much_is_refused_in_words() {
    let admitted = |change: fn(&mut MediaInfo)| {
        let mut info = film();
        change(&mut info);
        let options =
            FfmpegOptions { max_duration: Duration::from_mins(1), ..FfmpegOptions::default() };
        match admit(&info, &options) {
            Ok(()) => String::new(),
            Err(EngineError::Fail(error)) => error.message,
            Err(other) => panic!("{other:?}"),
        }
    };
    assert_eq!(admitted(|_| ()), "");
    assert!(admitted(|info| info.duration_s = Some(61.0)).contains("61 s long"));
    assert!(admitted(|info| info.tracks = 1000).contains("1000 tracks"));
    assert!(
        admitted(|info| info.video.as_mut().unwrap().width = 100_000).contains("100000 x 1920")
    );
    assert!(
        admitted(|info| info.video.as_mut().unwrap().fps = Some(5000.0)).contains("5000 pictures")
    );
    assert!(
        admitted(|info| info.audio.as_mut().unwrap().codec = "xan_dpcm".into())
            .contains("'xan_dpcm'")
    );
}

#[test]
fn only_certain_durations_are_held_against_a_result() {
    let mut info = film();
    assert_eq!(info.certain_duration(), Some(10.01));
    info.video.as_mut().unwrap().duration_s = None;
    info.audio = None;
    assert_eq!(info.certain_duration(), None, "another track may be the longest");
    info.tracks = 1;
    assert_eq!(info.certain_duration(), Some(10.01));
    info.reader = "mp3".to_owned();
    assert_eq!(info.certain_duration(), None);
}

#[test]
fn a_description_that_is_cut_off_is_none() {
    assert!(read(&FILM.as_bytes()[..200]).is_none());
}
