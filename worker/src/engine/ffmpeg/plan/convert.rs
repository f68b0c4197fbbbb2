//! `video.convert`.

use common::operation::media::VideoConvert;

use super::{Treatment, VideoPlan};
use crate::engine::EngineError;
use crate::engine::ffmpeg::arguments::{holds_video, keeps_rotation, own_format, states_times};
use crate::engine::ffmpeg::probe::MediaInfo;

/// Another container, and other codecs only where the container or the wished quality asks for them.
pub(in crate::engine::ffmpeg) fn convert(
    wish: &VideoConvert,
    info: &MediaInfo,
) -> Result<VideoPlan, EngineError> {
    let mut plan = VideoPlan::encode(info, wish.format, wish.quality)?;
    let upright = plan.source.rotation == 0 || keeps_rotation(wish.format);
    let timed = states_times(info) || own_format(info) == wish.format;
    if wish.quality.is_none() && upright && timed && holds_video(wish.format, &plan.source.codec) {
        plan.video = Treatment::Copy;
    }
    plan.settle_size();
    Ok(plan)
}
