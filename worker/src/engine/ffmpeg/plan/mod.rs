//! What is going to be done with a video, decided before ffmpeg is started: one file per operation, no I/O.

mod convert;
mod crop;
mod scale;
#[cfg(test)]
mod tests;
mod trim;
mod watermark;

pub(super) use convert::convert;
pub(super) use crop::{crop, outside};
pub(super) use scale::{check_size, scale};
pub(super) use trim::trim;
pub(super) use watermark::watermark;

use common::error_code::ErrorCode;
use common::operation::media::{Quality, VideoFormat};

use super::arguments::{
    self, Demuxers, audio_encoder, holds_audio, muxer, states_times, video_encoder, words,
};
use super::geometry::Size;
use super::options::FfmpegOptions;
use super::probe::{AudioTrack, Kind, MediaInfo, VideoTrack};
use crate::engine::EngineError;

/// The quality of a video for which none is asked.
const USUAL_QUALITY: u32 = 75;
/// Animated GIF is large; more pictures per second are hardly seen.
const GIF_RATE: f64 = 25.0;

/// What becomes of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    /// Taken as it is.
    Copy,
    /// Encoded anew.
    Encode,
}

/// One call of ffmpeg on a video, and what must come of it.
#[derive(Clone, Debug)]
pub(super) struct VideoPlan {
    pub(super) format: VideoFormat,
    pub(super) video: Treatment,
    pub(super) audio: Treatment,
    /// Filters on the pictures, each with whole numbers only.
    filters: Vec<String>,
    /// Where the watermark's upper left corner goes.
    overlay: Option<(u32, u32)>,
    /// Where to begin, in seconds.
    seek: Option<f64>,
    /// How long the result is to be, in seconds.
    length: Option<f64>,
    quality: u32,
    /// The caller asked for a copy, so nothing is encoded.
    copy_only: bool,
    source: VideoTrack,
    sound: Option<AudioTrack>,
    /// The size of the result's pictures.
    pub(super) size: Size,
    /// A good result is about this long; absent where nobody can tell.
    pub(super) certain_duration: Option<f64>,
    /// What progress is measured against.
    pub(super) duration: Option<f64>,
}

impl VideoPlan {
    /// Pictures encoded anew as `format`; sound copied where the format holds it.
    fn encode(
        info: &MediaInfo,
        format: VideoFormat,
        quality: Option<Quality>,
    ) -> Result<Self, EngineError> {
        let source = moving_pictures(info)?.clone();
        let sound = info.audio.clone().filter(|_| format != VideoFormat::Gif);
        let copied = sound.as_ref().is_some_and(|track| holds_audio(format, &track.codec));
        Ok(Self {
            format,
            video: Treatment::Encode,
            audio: if copied && states_times(info) { Treatment::Copy } else { Treatment::Encode },
            filters: Vec::new(),
            overlay: None,
            seek: None,
            length: None,
            copy_only: false,
            quality: quality.map_or(USUAL_QUALITY, Quality::get),
            size: Size::new(source.width, source.height),
            certain_duration: info.certain_duration(),
            duration: info.duration_s,
            source,
            sound,
        })
    }

    /// Whether there is something to fall back to when this plan fails: tracks are copied that may be encoded.
    pub(super) fn has_fallback(&self) -> bool {
        let copies =
            self.video == Treatment::Copy || (self.audio == Treatment::Copy && self.has_sound());
        copies && !self.copy_only
    }

    /// The same with every track encoded anew; for sources whose tracks turn out not to be copyable.
    pub(super) fn without_copies(mut self) -> Self {
        self.video = Treatment::Encode;
        self.audio = Treatment::Encode;
        self.settle_size();
        self
    }

    /// Whether the result has sound.
    pub(super) fn has_sound(&self) -> bool {
        self.sound.is_some()
    }

    /// How many pictures the result has, about.
    pub(super) fn pictures(&self) -> Option<f64> {
        Some(self.duration? * self.source.fps?)
    }

    /// Nearly every codec stores colour at half the resolution, so an odd row or column at the edge is dropped.
    fn settle_size(&mut self) {
        let even = self.size.floor(2);
        if self.video == Treatment::Encode && self.format != VideoFormat::Gif && even != self.size {
            self.size = even;
            self.filters.push(format!("crop={}:{}:0:0", even.width, even.height));
        }
    }

    /// The arguments of ffmpeg that make `output` of `source`, and of `mark` when the plan has a watermark, with so many
    /// `threads`.
    pub(super) fn arguments(
        &self,
        options: &FfmpegOptions,
        threads: usize,
        source: &str,
        mark: &str,
        output: &str,
    ) -> Vec<String> {
        let mut line = arguments::head(threads);
        if let Some(seek) = self.seek {
            line.extend(words(&["-ss", &format!("{seek:.6}")]));
        }
        line.extend(arguments::pixel_limit(options.max_pixels));
        line.extend(words(&["-threads", &threads.to_string()]));
        line.extend(arguments::input(Demuxers::Media, source));
        if self.overlay.is_some() {
            line.extend(arguments::input(Demuxers::Png, mark));
        }
        line.extend(self.pictures_arguments());
        line.extend(self.sound_arguments());
        let longest = self.length.unwrap_or(options.max_duration.as_secs_f64() + 1.0);
        line.extend(words(&["-t", &format!("{longest:.6}")]));
        if self.video == Treatment::Copy {
            line.extend(words(&["-avoid_negative_ts", "make_zero"]));
        }
        line.extend(arguments::tail(threads, muxer(self.format), output));
        line
    }

    fn pictures_arguments(&self) -> Vec<String> {
        let index = self.source.index;
        if self.video == Treatment::Copy {
            let mut line = words(&["-map", &format!("0:{index}"), "-c:v", "copy"]);
            if matches!(self.format, VideoFormat::Mp4 | VideoFormat::Mov) {
                line.extend(words(&["-movflags", "+faststart"]));
                if self.source.codec == "hevc" {
                    // Apple's players know HEVC under this name only.
                    line.extend(words(&["-tag:v", "hvc1"]));
                }
            }
            return line;
        }
        let mut line = words(&["-filter_complex", &self.graph(), "-map", "[out]"]);
        line.extend(video_encoder(self.format, self.quality, self.source.rate));
        line
    }

    fn graph(&self) -> String {
        let mut filters = self.filters.clone();
        if self.format == VideoFormat::Gif {
            let rate = self.source.fps.unwrap_or(GIF_RATE).min(GIF_RATE);
            filters.push(format!("fps={rate:.3}"));
        }
        if filters.is_empty() {
            filters.push("null".to_owned());
        }
        let mut graph = format!("[0:{}]{}", self.source.index, filters.join(","));
        if let Some((x, y)) = self.overlay {
            let overlay = format!("[base];[base][1:0]overlay={x}:{y}:format=auto");
            graph.push_str(&overlay);
        }
        if self.format == VideoFormat::Gif {
            // One palette per picture: a common one would keep every picture in memory until the end.
            graph
                .push_str(",split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1");
        }
        graph.push_str("[out]");
        graph
    }

    fn sound_arguments(&self) -> Vec<String> {
        let Some(track) = &self.sound else { return words(&["-an"]) };
        let mut line = words(&["-map", &format!("0:{}", track.index)]);
        match self.audio {
            Treatment::Copy => line.extend(words(&["-c:a", "copy"])),
            Treatment::Encode => line.extend(audio_encoder(self.format, track)),
        }
        line
    }
}

/// The pictures of a source that must have moving ones.
fn moving_pictures(info: &MediaInfo) -> Result<&VideoTrack, EngineError> {
    let refused = |message: &str| EngineError::fail(ErrorCode::InvalidInput, message);
    match (&info.video, info.kind) {
        (_, Kind::Image) => {
            Err(refused("the source is a still image; use the image operations for it"))
        }
        (Some(video), _) if video.width > 0 && video.height > 0 => Ok(video),
        (Some(_), _) => Err(refused("the source file is damaged: its pictures have no size")),
        (None, Kind::Audio) => Err(refused("the source has sound, but no pictures")),
        (None, _) => Err(refused("the source has no pictures")),
    }
}
