//! `video.crop`.

use common::error_code::ErrorCode;
use common::operation::media::VideoCrop;

use super::VideoPlan;
use crate::engine::EngineError;
use crate::engine::ffmpeg::arguments::own_format;
use crate::engine::ffmpeg::geometry::{Rectangle, Size};
use crate::engine::ffmpeg::probe::MediaInfo;

/// A rectangle of every picture.
pub(in crate::engine::ffmpeg) fn crop(
    wish: &VideoCrop,
    info: &MediaInfo,
) -> Result<VideoPlan, EngineError> {
    let format = wish.format.unwrap_or_else(|| own_format(info));
    let mut plan = VideoPlan::encode(info, format, wish.quality)?;
    let size = Size::new(wish.width.get(), wish.height.get());
    let rectangle = Rectangle { x: wish.x.get(), y: wish.y.get(), size };
    if !rectangle.lies_within(plan.size) {
        return Err(outside(rectangle, plan.size));
    }
    plan.filters
        .push(format!("crop={}:{}:{}:{}", size.width, size.height, rectangle.x, rectangle.y));
    plan.size = size;
    plan.settle_size();
    Ok(plan)
}

/// The rectangle is not in the picture.
pub(in crate::engine::ffmpeg) fn outside(rectangle: Rectangle, picture: Size) -> EngineError {
    let Rectangle { x, y, size } = rectangle;
    let message =
        format!("the rectangle of {size} at {x}, {y} does not lie within the picture of {picture}");
    EngineError::fail(ErrorCode::InvalidRequest, message)
}
