//! `video.watermark`.

use common::operation::media::VideoWatermark;

use super::VideoPlan;
use crate::engine::EngineError;
use crate::engine::ffmpeg::arguments::own_format;
use crate::engine::ffmpeg::geometry::{Size, mark_size, place};
use crate::engine::ffmpeg::probe::MediaInfo;

/// The plan, and the size that the watermark (of size `mark` as given) must have on it.
pub(in crate::engine::ffmpeg) fn watermark(
    wish: &VideoWatermark,
    info: &MediaInfo,
    mark: Size,
) -> Result<(VideoPlan, Size), EngineError> {
    let format = wish.format.unwrap_or_else(|| own_format(info));
    let mut plan = VideoPlan::encode(info, format, wish.quality)?;
    plan.settle_size();
    let mark = mark_size(plan.size, mark, wish.scale.get());
    plan.overlay = Some(place(plan.size, mark, wish.position, wish.margin.get()));
    Ok((plan, mark))
}
