//! Audio: convert and extract.

use common::error_code::ErrorCode;
use common::operation::media::{AudioConvert, AudioExtract};

use super::transcode::{check_duration, unusable};
use super::{Run, SOURCE_FILE, output_name};
use crate::engine::ffmpeg::arguments::{self, AudioTarget, Demuxers, words};
use crate::engine::ffmpeg::probe::{AudioTrack, MediaInfo};
use crate::engine::ffmpeg::progress::ProgressReader;
use crate::engine::{EngineError, Output};

pub(super) async fn extract(run: Run<'_>, wish: AudioExtract) -> Result<Output, EngineError> {
    convert(run, wish.into_convert()).await
}

pub(super) async fn convert(run: Run<'_>, wish: AudioConvert) -> Result<Output, EngineError> {
    let source = run.admitted_source().await?;
    let Some(track) = source.audio.clone() else {
        return Err(EngineError::fail(ErrorCode::InvalidInput, "the source has no sound"));
    };
    let name = output_name(wish.format.extension());
    let copied = AudioTarget::of(wish.format).copies(&wish, &track);
    let made = match attempt(run, &wish, &source, &track, copied, &name).await {
        Err(EngineError::Fail(error)) if copied => {
            tracing::info!(%error.message, "a track could not be copied: it is encoded anew");
            attempt(run, &wish, &source, &track, false, &name).await?
        }
        other => other?,
    };
    run.finish(source, made, &name, wish.format.content_type()).await
}

async fn attempt(
    run: Run<'_>,
    wish: &AudioConvert,
    source: &MediaInfo,
    track: &AudioTrack,
    copied: bool,
    name: &str,
) -> Result<MediaInfo, EngineError> {
    let options = &run.engine.options;
    let threads = run.engine.threads.of_one();
    let mut line = arguments::head(threads);
    line.extend(arguments::input(Demuxers::Media, SOURCE_FILE));
    line.extend(words(&["-map", &format!("0:{}", track.index), "-vn"]));
    if copied {
        line.extend(words(&["-c:a", "copy"]));
    } else {
        line.extend(arguments::sound(wish, track));
    }
    let longest = options.max_duration.as_secs_f64() + 1.0;
    line.extend(words(&["-t", &format!("{longest:.6}")]));
    line.extend(arguments::tail(threads, AudioTarget::of(wish.format).muxer, name));
    run.ffmpeg(&line, ProgressReader::new(source.duration_s, None)).await?;
    let made = run.probe(name, "result").await.map_err(|error| match error {
        EngineError::Fail(_) => unusable("it can not be read again"),
        other => other,
    })?;
    if made.audio.is_none() {
        return Err(unusable("it has no sound"));
    }
    let certain = source.certain_duration().and(track.duration_s.or(source.duration_s));
    check_duration(certain, made.duration_s)?;
    Ok(made)
}
