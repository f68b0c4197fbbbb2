//! `video.trim`.

use common::error_code::ErrorCode;
use common::operation::media::{Seconds, VideoFormat, VideoTrim};

use super::{Treatment, VideoPlan};
use crate::engine::EngineError;
use crate::engine::ffmpeg::arguments::{holds_audio, holds_video, own_format};
use crate::engine::ffmpeg::probe::MediaInfo;

/// A piece of the time. Exact: both tracks are encoded anew, so that they begin together at the very picture.
pub(in crate::engine::ffmpeg) fn trim(
    wish: &VideoTrim,
    info: &MediaInfo,
) -> Result<VideoPlan, EngineError> {
    let format = wish.format.unwrap_or_else(|| own_format(info));
    let mut plan = VideoPlan::encode(info, format, wish.quality)?;
    let start = wish.start.map_or(0.0, Seconds::get);
    if let Some(total) = info.duration_s.filter(|total| start >= *total) {
        let message =
            format!("the piece would begin at {start} s, but the source is {total:.3} s long");
        return Err(EngineError::fail(ErrorCode::InvalidRequest, message));
    }
    let rest = info.duration_s.map(|total| total - start);
    let wished = wish.duration.map(Seconds::get).or(wish.end.map(|end| end.get() - start));
    let length = match (wished, rest) {
        (Some(wished), Some(rest)) => Some(wished.min(rest)),
        (wished, rest) => wished.or(rest),
    };
    plan.seek = (start > 0.0).then_some(start);
    plan.length = wished;
    plan.certain_duration = plan.certain_duration.and(length);
    plan.duration = length;
    plan.audio = Treatment::Encode;
    if !wish.exact {
        copy(&mut plan)?;
    }
    plan.settle_size();
    Ok(plan)
}

fn copy(plan: &mut VideoPlan) -> Result<(), EngineError> {
    let held = holds_video(plan.format, &plan.source.codec)
        && plan.sound.as_ref().is_none_or(|track| holds_audio(plan.format, &track.codec));
    if !held || plan.format == VideoFormat::Gif {
        let message = format!(
            "the tracks of the source can not be copied into {}; leave out format, or let exact be true",
            plan.format.extension()
        );
        return Err(EngineError::fail(ErrorCode::InvalidRequest, message));
    }
    plan.video = Treatment::Copy;
    plan.audio = Treatment::Copy;
    plan.copy_only = true;
    Ok(())
}
