//! Video: convert, crop, scale, trim.

use common::operation::media::{VideoConvert, VideoCrop, VideoScale, VideoTrim};

use super::Run;
use super::transcode::transcode;
use crate::engine::ffmpeg::plan;
use crate::engine::{EngineError, Output};

pub(super) async fn convert(run: Run<'_>, wish: VideoConvert) -> Result<Output, EngineError> {
    let source = run.admitted_source().await?;
    let plan = plan::convert(&wish, &source)?;
    transcode(run, source, plan).await
}

pub(super) async fn crop(run: Run<'_>, wish: VideoCrop) -> Result<Output, EngineError> {
    let source = run.admitted_source().await?;
    let plan = plan::crop(&wish, &source)?;
    transcode(run, source, plan).await
}

pub(super) async fn scale(run: Run<'_>, wish: VideoScale) -> Result<Output, EngineError> {
    let source = run.admitted_source().await?;
    let plan = plan::scale(&wish, &source, &run.engine.options)?;
    transcode(run, source, plan).await
}

pub(super) async fn trim(run: Run<'_>, wish: VideoTrim) -> Result<Output, EngineError> {
    let source = run.admitted_source().await?;
    let plan = plan::trim(&wish, &source)?;
    transcode(run, source, plan).await
}
