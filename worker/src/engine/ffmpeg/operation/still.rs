//! How a still image comes in and goes out: in process where that is possible, through ffmpeg where it is not.

use common::error_code::ErrorCode;
use common::operation::media::{ImageFormat, Quality, SOURCE};

use super::{Run, SOURCE_FILE, output_name};
use crate::engine::ffmpeg::arguments::{self, Demuxers, still_encoder, words};
use crate::engine::ffmpeg::geometry::Size;
use crate::engine::ffmpeg::image::{Picture, Sniffed, decode, raw_pixels, write};
use crate::engine::ffmpeg::probe::{self, MediaInfo};
use crate::engine::ffmpeg::progress::ProgressReader;
use crate::engine::{EngineError, Output};

/// The quality of a lossy image for which none is asked.
const USUAL_QUALITY: u32 = 85;
/// What ffmpeg made of an image that is not decoded in process.
const DECODED: &str = "decoded.png";
/// The pixels that ffmpeg encodes.
const PIXELS: &str = "pixels.raw";
/// The format itself has no room for more.
const LONGEST_WEBP_SIDE: u32 = 16_383;

impl Run<'_> {
    /// Reads the source, and says what it is.
    pub(super) async fn source_picture(self) -> Result<(Picture, MediaInfo), EngineError> {
        let picture = self.picture(SOURCE_FILE, SOURCE).await?;
        let Size { width, height } = picture.size();
        let bytes =
            tokio::fs::metadata(self.dir.join(SOURCE_FILE)).await.map_or(0, |meta| meta.len());
        let info = MediaInfo::still(picture.format, bytes, width, height);
        Ok((picture, info))
    }

    /// Reads an image of any supported kind.
    pub(super) async fn picture(
        self,
        name: &str,
        role: &'static str,
    ) -> Result<Picture, EngineError> {
        match self.sniff(name).await? {
            Sniffed::InProcess(format) => self.decode(name, format, role).await,
            Sniffed::Avif => {
                let info = self.probe(name, role).await?;
                probe::admit(&info, &self.engine.options)?;
                let mut line = arguments::head(self.engine.threads.of_one());
                line.extend(arguments::pixel_limit(self.engine.options.max_pixels));
                line.extend(arguments::input(Demuxers::Media, name));
                line.extend(words(&["-map", "0:v:0", "-frames:v", "1", "-c:v", "png"]));
                line.extend(arguments::tail(1, "image2pipe", DECODED));
                self.ffmpeg(&line, ProgressReader::new(None, None)).await?;
                let picture = self.decode(DECODED, ImageFormat::Png, role).await?;
                Ok(Picture { format: ImageFormat::Avif, ..picture })
            }
            Sniffed::Unknown => {
                let message = format!("the {role} file is not an image of a supported kind");
                Err(EngineError::fail(ErrorCode::InvalidInput, message))
            }
        }
    }

    async fn decode(
        self,
        name: &str,
        format: ImageFormat,
        role: &'static str,
    ) -> Result<Picture, EngineError> {
        let path = self.dir.join(name);
        let max_pixels = self.engine.options.max_pixels;
        let work = move || decode(&path, format, max_pixels, role);
        self.engine.cpu.run(&self.context.cancel, work).await
    }

    /// Changes the picture with `change`, writes it, stores it and answers.
    pub(super) async fn finish_picture(
        self,
        source: MediaInfo,
        picture: Picture,
        format: Option<ImageFormat>,
        quality: Option<Quality>,
        change: impl FnOnce(&mut Picture) -> Result<(), EngineError> + Send + 'static,
    ) -> Result<Output, EngineError> {
        let format = format.unwrap_or(picture.format);
        let quality = quality.map_or(USUAL_QUALITY, Quality::get);
        let name = output_name(format.extension());
        let by_ffmpeg = matches!(format, ImageFormat::Webp | ImageFormat::Avif);
        let path = self.dir.join(if by_ffmpeg { PIXELS } else { &name });
        let work = move || {
            let mut picture = picture;
            change(&mut picture)?;
            let size = picture.size();
            if by_ffmpeg {
                fits(format, size)?;
                raw_pixels(picture, format, &path)?;
            } else {
                write(picture, format, quality, &path)?;
            }
            Ok(size)
        };
        let size = self.engine.cpu.run(&self.context.cancel, work).await?;
        if by_ffmpeg {
            self.encode_pixels(format, quality, size, &name).await?;
        }
        let made = self.made_picture(format, size, &name).await?;
        self.finish(source, made, &name, format.content_type()).await
    }

    async fn encode_pixels(
        self,
        format: ImageFormat,
        quality: u32,
        size: Size,
        name: &str,
    ) -> Result<(), EngineError> {
        let threads = self.engine.threads.of_one();
        let Size { width, height } = size;
        let mut line = arguments::head(threads);
        line.extend(words(&["-f", "rawvideo", "-pixel_format", "rgba", "-framerate", "1"]));
        line.extend(words(&["-video_size", &format!("{width}x{height}")]));
        line.extend(arguments::input(Demuxers::Raw, PIXELS));
        line.extend(words(&["-map", "0:v:0", "-frames:v", "1"]));
        line.extend(still_encoder(format, quality));
        line.extend(arguments::tail(threads, format.extension(), name));
        self.ffmpeg(&line, ProgressReader::new(None, None)).await
    }

    /// What was written is looked at again: a tool's success is no proof of a usable file.
    async fn made_picture(
        self,
        format: ImageFormat,
        size: Size,
        name: &str,
    ) -> Result<MediaInfo, EngineError> {
        let expected = match self.sniff(name).await? {
            Sniffed::InProcess(found) => found == format,
            Sniffed::Avif => format == ImageFormat::Avif,
            Sniffed::Unknown => false,
        };
        if !expected {
            return Err(super::transcode::unusable("it is no image"));
        }
        let bytes = tokio::fs::metadata(self.dir.join(name)).await.map_or(0, |meta| meta.len());
        Ok(MediaInfo::still(format, bytes, size.width, size.height))
    }
}

fn fits(format: ImageFormat, size: Size) -> Result<(), EngineError> {
    let longest = size.width.max(size.height);
    if format != ImageFormat::Webp || longest <= LONGEST_WEBP_SIDE {
        return Ok(());
    }
    let message =
        format!("WebP has no room for an image of {size}; the longest side is {LONGEST_WEBP_SIDE}");
    Err(EngineError::fail(ErrorCode::InvalidRequest, message))
}
