//! Reads ffprobe's own JSON.

use common::operation::media::{AudioFormat, ImageFormat};
use serde::Deserialize;

use super::info::{AudioTrack, Kind, MediaInfo, Rational, VideoTrack};
use crate::engine::ffmpeg::arguments::own_format;

#[derive(Deserialize)]
pub(super) struct Raw {
    format: Format,
    #[serde(default)]
    streams: Vec<Stream>,
}

#[derive(Deserialize)]
struct Format {
    format_name: String,
    duration: Option<String>,
    bit_rate: Option<String>,
    #[serde(default)]
    tags: Tags,
}

#[derive(Deserialize)]
struct Stream {
    index: u32,
    codec_type: Option<String>,
    codec_name: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    pix_fmt: Option<String>,
    sample_aspect_ratio: Option<String>,
    avg_frame_rate: Option<String>,
    r_frame_rate: Option<String>,
    sample_rate: Option<String>,
    channels: Option<u32>,
    bit_rate: Option<String>,
    duration: Option<String>,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    side_data_list: Vec<SideData>,
}

#[derive(Default, Deserialize)]
struct Tags {
    #[serde(default)]
    major_brand: String,
}

#[derive(Default, Deserialize)]
struct Disposition {
    #[serde(default)]
    attached_pic: u8,
}

#[derive(Deserialize)]
struct SideData {
    rotation: Option<f64>,
}

/// Reads a description; nothing when it is cut off or not one.
pub(super) fn read(json: &[u8]) -> Option<Raw> {
    serde_json::from_slice(json).ok()
}

impl Raw {
    pub(super) fn into_info(self, bytes: u64) -> MediaInfo {
        // The picture on a record's sleeve is not a film.
        let video = self
            .streams
            .iter()
            .find(|stream| stream.is("video") && stream.disposition.attached_pic == 0)
            .and_then(Stream::video);
        let audio = self.streams.iter().find(|stream| stream.is("audio")).map(Stream::audio);
        let brand = self.format.tags.major_brand.trim().to_owned();
        let kind = match (&video, &audio) {
            (Some(_), _) if matches!(brand.as_str(), "avif" | "avis" | "mif1") => Kind::Image,
            (Some(_), _) => Kind::Video,
            (None, Some(_)) => Kind::Audio,
            (None, None) => Kind::Other,
        };
        let duration_s = self.format.duration.as_deref().and_then(seconds);
        let mut info = MediaInfo {
            kind,
            format: String::new(),
            reader: self.format.format_name,
            bytes,
            duration_s: duration_s.filter(|_| kind != Kind::Image),
            bit_rate: self.format.bit_rate.and_then(|rate| rate.parse().ok()),
            width: video.as_ref().map(|track| track.width),
            height: video.as_ref().map(|track| track.height),
            video,
            audio,
            tracks: self.streams.len(),
            brand,
        };
        info.format = format_of(&info);
        info
    }
}

impl Stream {
    fn is(&self, kind: &str) -> bool {
        self.codec_type.as_deref() == Some(kind)
    }

    fn codec(&self) -> String {
        self.codec_name.clone().unwrap_or_else(|| "unknown".to_owned())
    }

    fn video(&self) -> Option<VideoTrack> {
        let (width, height) = (self.width?, self.height?);
        let turned = self.side_data_list.iter().find_map(|data| data.rotation).unwrap_or(0.0);
        let rotation = (turned.round() as i32).rem_euclid(360);
        let lying = rotation % 180 == 90;
        let (width, height) = if lying { (height, width) } else { (width, height) };
        let ratio = self.sample_aspect_ratio.as_deref().and_then(Rational::parse);
        let ratio = ratio.unwrap_or(Rational::ONE);
        // Recordings of a browser state none: what is given then is the clock's thousand ticks per second.
        let ticks = Rational { numerator: 1_000, denominator: 1 };
        let rate = [&self.avg_frame_rate, &self.r_frame_rate]
            .into_iter()
            .find_map(|rate| rate.as_deref().and_then(Rational::parse))
            .filter(|rate| *rate != ticks);
        Some(VideoTrack {
            codec: self.codec(),
            fps: rate.map(|rate| (rate.value() * 1000.0).round() / 1000.0),
            pixel_format: self.pix_fmt.clone(),
            rotation,
            duration_s: self.duration.as_deref().and_then(seconds),
            index: self.index,
            width,
            height,
            pixel_ratio: if lying { ratio.inverse() } else { ratio },
            rate,
        })
    }

    fn audio(&self) -> AudioTrack {
        AudioTrack {
            codec: self.codec(),
            sample_rate: self
                .sample_rate
                .as_deref()
                .and_then(|rate| rate.parse().ok())
                .unwrap_or(0),
            channels: self.channels.unwrap_or(0),
            bit_rate: self.bit_rate.as_deref().and_then(|rate| rate.parse().ok()),
            duration_s: self.duration.as_deref().and_then(seconds),
            index: self.index,
        }
    }
}

/// The word that the operations use for the format of a file.
fn format_of(info: &MediaInfo) -> String {
    let audio = match (info.reader.as_str(), info.audio.as_ref().map(|track| track.codec.as_str()))
    {
        ("ogg", Some("opus")) => AudioFormat::Opus.as_str(),
        ("mov,mp4,m4a,3gp,3g2,mj2", _) => AudioFormat::M4a.as_str(),
        ("asf", _) => AudioFormat::Wma.as_str(),
        (reader, _) => reader,
    };
    match info.kind {
        Kind::Image => ImageFormat::Avif.as_str().to_owned(),
        Kind::Video => own_format(info).as_str().to_owned(),
        Kind::Audio => audio.to_owned(),
        Kind::Other => info.reader.clone(),
    }
}

fn seconds(text: &str) -> Option<f64> {
    text.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0)
}
