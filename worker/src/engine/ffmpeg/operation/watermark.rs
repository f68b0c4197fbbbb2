//! Watermarks on images and on video.

use common::operation::media::{ImageFormat, ImageWatermark, VideoWatermark, WATERMARK};

use super::transcode::{DRAWN_MARK, transcode};
use super::{MARK_FILE, Run};
use crate::engine::ffmpeg::geometry::{Scaling, mark_size, place};
use crate::engine::ffmpeg::image::{self, Picture};
use crate::engine::ffmpeg::plan;
use crate::engine::{EngineError, Output};

pub(super) async fn image(run: Run<'_>, wish: ImageWatermark) -> Result<Output, EngineError> {
    run.fetch_mark().await?;
    let (picture, source) = run.source_picture().await?;
    let mut mark = run.picture(MARK_FILE, WATERMARK).await?;
    let size = mark_size(picture.size(), mark.size(), wish.scale.get());
    let at = place(picture.size(), size, wish.position, wish.margin.get());
    let opacity = wish.opacity.get();
    let change = move |picture: &mut Picture| {
        image::resize(&mut mark, Scaling { part: None, size })?;
        image::lay_over(picture, image::fade(&mark, opacity), at);
        Ok(())
    };
    run.finish_picture(source, picture, wish.format, wish.quality, change).await
}

/// The watermark is read and drawn to its final size in process; ffmpeg only sees a PNG of our own making.
pub(super) async fn video(run: Run<'_>, wish: VideoWatermark) -> Result<Output, EngineError> {
    run.fetch_mark().await?;
    let source = run.admitted_source().await?;
    let mut mark = run.picture(MARK_FILE, WATERMARK).await?;
    let (plan, size) = plan::watermark(&wish, &source, mark.size())?;
    let opacity = wish.opacity.get();
    let path = run.dir.join(DRAWN_MARK);
    let work = move || {
        image::resize(&mut mark, Scaling { part: None, size })?;
        mark.image = ::image::DynamicImage::ImageRgba8(image::fade(&mark, opacity));
        image::write(mark, ImageFormat::Png, 100, &path)
    };
    run.engine.cpu.run(&run.context.cancel, work).await?;
    transcode(run, source, plan).await
}
