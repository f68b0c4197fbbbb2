//! Carries out the plan for a video and looks at what came of it.

use common::error_code::ErrorCode;

use super::{Run, SOURCE_FILE, output_name};
use crate::engine::ffmpeg::plan::VideoPlan;
use crate::engine::ffmpeg::probe::MediaInfo;
use crate::engine::ffmpeg::progress::ProgressReader;
use crate::engine::{EngineError, Output};

/// The watermark in its final size.
pub(super) const DRAWN_MARK: &str = "mark.png";

/// Encodes, stores and answers. A source whose tracks turn out not to be copyable is encoded anew.
pub(super) async fn transcode(
    run: Run<'_>,
    source: MediaInfo,
    plan: VideoPlan,
) -> Result<Output, EngineError> {
    let made = match attempt(run, &plan).await {
        Err(EngineError::Fail(error)) if plan.has_fallback() => {
            tracing::info!(%error.message, "tracks could not be copied: they are encoded anew");
            attempt(run, &plan.clone().without_copies()).await?
        }
        other => other?,
    };
    let name = output_name(plan.format.extension());
    run.finish(source, made, &name, plan.format.content_type()).await
}

async fn attempt(run: Run<'_>, plan: &VideoPlan) -> Result<MediaInfo, EngineError> {
    let name = output_name(plan.format.extension());
    let arguments = plan.arguments(
        &run.engine.options,
        run.engine.threads.of_one(),
        SOURCE_FILE,
        DRAWN_MARK,
        &name,
    );
    run.ffmpeg(&arguments, ProgressReader::new(plan.duration, plan.pictures())).await?;
    let made = run.probe(&name, "result").await.map_err(|error| match error {
        EngineError::Fail(_) => unusable("it can not be read again"),
        other => other,
    })?;
    check(plan, &made)?;
    Ok(made)
}

/// ffmpeg calls a file a success that has no pictures, or only the first seconds.
fn check(plan: &VideoPlan, made: &MediaInfo) -> Result<(), EngineError> {
    let Some(video) = &made.video else { return Err(unusable("it has no pictures")) };
    if (video.width, video.height) != (plan.size.width, plan.size.height) {
        return Err(unusable("its pictures have another size"));
    }
    if plan.has_sound() && made.audio.is_none() {
        return Err(unusable("it has no sound"));
    }
    check_duration(plan.certain_duration, made.duration_s)
}

/// Whether a result is about as long as it must be; a source that ends before its time makes it shorter.
pub(super) fn check_duration(certain: Option<f64>, made: Option<f64>) -> Result<(), EngineError> {
    let (Some(certain), Some(made)) = (certain, made) else { return Ok(()) };
    // Tracks of one file end up to half a second apart, and rates are rounded.
    let least = certain * 0.95 - 0.5;
    if made >= least {
        return Ok(());
    }
    let message =
        format!("the source file is damaged: it ends after {made:.1} of {certain:.1} seconds");
    Err(EngineError::fail(ErrorCode::InvalidInput, message))
}

/// A result that must not be handed out.
pub(super) fn unusable(why: &str) -> EngineError {
    tracing::warn!(why, "ffmpeg made an unusable file and called it a success");
    let message = format!("the result is not usable: {why}; the source file may be damaged");
    EngineError::fail(ErrorCode::InvalidInput, message)
}
