//! Media operations: images, video and sound, done by ffmpeg and in process.
//!
//! The types read only what is in range, so the engine works with numbers that are known to be good. What depends
//! on the file itself (a rectangle outside the picture, a start after the end) is found by the engine.

mod audio;
mod bounded;
mod format;
mod image;
mod parameters;
mod placement;
#[cfg(test)]
mod tests;
mod video;

pub use audio::{AudioConvert, AudioExtract, Bitrate, Channels, MediaProbe, SampleRate};
pub use bounded::{Seconds, Share, Whole};
pub use format::{AudioFormat, ImageFormat, VideoFormat};
pub use image::{
    ImageConvert, ImageCrop, ImageOffset, ImageScale, ImageSide, ImageWatermark, Margin, Quality,
};
pub use placement::{Fit, Position};
pub use video::{
    VideoConvert, VideoCrop, VideoOffset, VideoScale, VideoSide, VideoTrim, VideoWatermark,
};

use parameters::{Parameters, check};

use super::Operation;

/// The capability, and its only model.
pub const CAPABILITY: &str = "ffmpeg";
/// The input file that is worked on.
pub const SOURCE: &str = "source";
/// The input file that is laid over the source.
pub const WATERMARK: &str = "watermark";

/// The media operations.
pub const OPERATIONS: &[Operation] = &[
    on_source::<ImageConvert>("image.convert", "Writes an image in another format."),
    on_source::<ImageCrop>("image.crop", "Cuts a rectangle out of an image."),
    on_source::<ImageScale>("image.scale", "Makes an image smaller or larger."),
    with_watermark::<ImageWatermark>("image.watermark", "Lays a second image over an image."),
    on_source::<VideoConvert>("video.convert", "Writes a video in another format."),
    on_source::<VideoCrop>("video.crop", "Cuts a rectangle out of a video."),
    on_source::<VideoScale>("video.scale", "Makes a video smaller or larger."),
    on_source::<VideoTrim>("video.trim", "Cuts a piece out of the time of a video."),
    with_watermark::<VideoWatermark>("video.watermark", "Lays an image over a video."),
    on_source::<AudioConvert>("audio.convert", "Writes sound in another format."),
    on_source::<AudioExtract>("audio.extract", "Takes the sound out of a video."),
    on_source::<MediaProbe>("media.probe", "Says what a media file is."),
];

const fn on_source<T: Parameters>(name: &'static str, summary: &'static str) -> Operation {
    Operation::new(name, CAPABILITY, summary, check::<T>)
        .with_model(CAPABILITY)
        .with_files(&[SOURCE])
}

const fn with_watermark<T: Parameters>(name: &'static str, summary: &'static str) -> Operation {
    on_source::<T>(name, summary).with_files(&[SOURCE, WATERMARK])
}
