//! Whatever ffprobe may say of a stranger's file.

use super::raw;

/// A description is understood or refused, and what is understood makes sense.
pub fn probe(data: &[u8]) {
    let Some(info) = raw::read(data).map(|raw| raw.into_info(data.len() as u64)) else { return };
    assert!(info.duration_s.is_none_or(|seconds| seconds.is_finite() && seconds >= 0.0));
    if let Some(video) = &info.video {
        assert!((0..360).contains(&video.rotation));
        assert!(video.fps.is_none_or(|fps| fps.is_finite() && fps > 0.0));
        assert!(video.pixel_ratio.value() > 0.0);
    }
}
