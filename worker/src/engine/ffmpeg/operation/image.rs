//! Images: convert, crop, scale.

use common::operation::media::{ImageConvert, ImageCrop, ImageScale, ImageSide};

use super::Run;
use crate::engine::ffmpeg::geometry::{self, Rectangle, Size};
use crate::engine::ffmpeg::image;
use crate::engine::ffmpeg::plan::{check_size, outside};
use crate::engine::{EngineError, Output};

pub(super) async fn convert(run: Run<'_>, wish: ImageConvert) -> Result<Output, EngineError> {
    let (picture, source) = run.source_picture().await?;
    run.finish_picture(source, picture, Some(wish.format), wish.quality, |_| Ok(())).await
}

pub(super) async fn crop(run: Run<'_>, wish: ImageCrop) -> Result<Output, EngineError> {
    let (picture, source) = run.source_picture().await?;
    let size = Size::new(wish.width.get(), wish.height.get());
    let rectangle = Rectangle { x: wish.x.get(), y: wish.y.get(), size };
    if !rectangle.lies_within(picture.size()) {
        return Err(outside(rectangle, picture.size()));
    }
    let change = move |picture: &mut image::Picture| {
        image::crop(picture, rectangle);
        Ok(())
    };
    run.finish_picture(source, picture, wish.format, wish.quality, change).await
}

pub(super) async fn scale(run: Run<'_>, wish: ImageScale) -> Result<Output, EngineError> {
    let (picture, source) = run.source_picture().await?;
    let (width, height) = (wish.width.map(ImageSide::get), wish.height.map(ImageSide::get));
    let scaling = geometry::scale(picture.size(), width, height, wish.fit, 1);
    check_size(scaling.size, run.engine.options.max_pixels)?;
    let change = move |picture: &mut image::Picture| image::resize(picture, scaling);
    run.finish_picture(source, picture, wish.format, wish.quality, change).await
}
