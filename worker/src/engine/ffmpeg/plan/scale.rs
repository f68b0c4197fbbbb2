//! `video.scale`.

use common::error_code::ErrorCode;
use common::operation::media::{VideoScale, VideoSide};

use super::VideoPlan;
use crate::engine::EngineError;
use crate::engine::ffmpeg::arguments::own_format;
use crate::engine::ffmpeg::geometry::{self, Size};
use crate::engine::ffmpeg::options::FfmpegOptions;
use crate::engine::ffmpeg::probe::MediaInfo;

/// Larger or smaller pictures, with square pixels whatever the source has.
pub(in crate::engine::ffmpeg) fn scale(
    wish: &VideoScale,
    info: &MediaInfo,
    options: &FfmpegOptions,
) -> Result<VideoPlan, EngineError> {
    let format = wish.format.unwrap_or_else(|| own_format(info));
    let mut plan = VideoPlan::encode(info, format, wish.quality)?;
    let stored = plan.size;
    let stretch = plan.source.pixel_ratio.value();
    let seen_width = (f64::from(stored.width) * stretch).round().clamp(1.0, 65_536.0) as u32;
    let seen = Size::new(seen_width, stored.height);
    let (width, height) = (wish.width.map(VideoSide::get), wish.height.map(VideoSide::get));
    let scaling = geometry::scale(seen, width, height, wish.fit, 2);
    check_size(scaling.size, options.max_pixels)?;
    if let Some(part) = scaling.part {
        // The part was worked out as the picture is seen, and is cut out of it as it is stored.
        let across = |pixels: u32| (f64::from(pixels) / stretch).floor() as u32;
        let part_width = across(part.size.width).clamp(1, stored.width);
        let x = across(part.x).min(stored.width - part_width);
        plan.filters.push(format!("crop={part_width}:{}:{x}:{}", part.size.height, part.y));
    }
    let Size { width, height } = scaling.size;
    plan.filters.push(format!("scale={width}:{height}:flags=bicubic,setsar=1"));
    plan.size = scaling.size;
    Ok(plan)
}

/// Refuses a result that is larger than any source may be.
pub(in crate::engine::ffmpeg) fn check_size(
    size: Size,
    max_pixels: u64,
) -> Result<(), EngineError> {
    if size.pixels() <= max_pixels {
        return Ok(());
    }
    let message = format!("the result would be {size}; at most {max_pixels} pixels are allowed");
    Err(EngineError::fail(ErrorCode::TooLarge, message))
}
