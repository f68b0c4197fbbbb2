//! The flow of each operation, from its parameters to its result.

mod audio;
mod call;
mod image;
mod still;
mod transcode;
mod video;
mod watermark;

use std::path::{Path, PathBuf};

use common::error_code::ErrorCode;
use common::job::{Artifact, JobError};
use common::operation::media::{ImageFormat, MediaProbe, SOURCE, WATERMARK};

use super::arguments::Demuxers;
use super::image::{Sniffed, describe, sniff};
use super::probe::{self, MediaInfo};
use super::result::{Document, Made};
use super::{FfmpegEngine, failure};
use crate::engine::{EngineError, Output, RunContext, StoredFile};

/// The source under its neutral name: a telling ending would choose another reader.
const SOURCE_FILE: &str = "in.bin";
/// The watermark as it was given.
const MARK_FILE: &str = "mark.bin";

/// One run with what it needs at every step.
#[derive(Clone, Copy)]
struct Run<'a> {
    engine: &'a FfmpegEngine,
    context: &'a RunContext,
    dir: &'a Path,
}

/// Runs the job's operation.
pub(super) async fn run(
    engine: &FfmpegEngine,
    context: &RunContext,
) -> Result<Output, EngineError> {
    let _place = engine.threads.enter();
    let work = async {
        let run = Run { engine, context, dir: context.workspace().await? };
        run.fetch(SOURCE, SOURCE_FILE).await?;
        match context.job.operation.as_str() {
            "image.convert" => image::convert(run, context.parameters()?).await,
            "image.crop" => image::crop(run, context.parameters()?).await,
            "image.scale" => image::scale(run, context.parameters()?).await,
            "image.watermark" => watermark::image(run, context.parameters()?).await,
            "video.convert" => video::convert(run, context.parameters()?).await,
            "video.crop" => video::crop(run, context.parameters()?).await,
            "video.scale" => video::scale(run, context.parameters()?).await,
            "video.trim" => video::trim(run, context.parameters()?).await,
            "video.watermark" => watermark::video(run, context.parameters()?).await,
            "audio.convert" => audio::convert(run, context.parameters()?).await,
            "audio.extract" => audio::extract(run, context.parameters()?).await,
            "media.probe" => probe_only(run, context.parameters()?).await,
            other => {
                let message = format!("this worker does not know the operation {other}");
                Err(EngineError::fail(ErrorCode::OperationNotFound, message))
            }
        }
    };
    // Every step ends early by itself where it can leave something behind; the fetch and the store are just dropped.
    tokio::select! {
        biased;
        done = work => done,
        () = given_up(context) => Err(EngineError::Canceled),
    }
}

/// A little after the cancel, so that a running tool is stopped in order first.
async fn given_up(context: &RunContext) {
    context.cancel.cancelled().await;
    tokio::time::sleep(super::process::STOP_TIME).await;
}

async fn probe_only(run: Run<'_>, MediaProbe {}: MediaProbe) -> Result<Output, EngineError> {
    let source = match run.sniff(SOURCE_FILE).await? {
        Sniffed::InProcess(format) => {
            let path = run.dir.join(SOURCE_FILE);
            let max_pixels = u64::from(u32::MAX);
            let work = move || describe(&path, format, max_pixels, SOURCE);
            run.engine.cpu.run(&run.context.cancel, work).await?
        }
        Sniffed::Avif | Sniffed::Unknown => run.probe(SOURCE_FILE, SOURCE).await?,
    };
    document(&Document { source, output: None }, Vec::new())
}

impl Run<'_> {
    async fn fetch(self, role: &str, name: &str) -> Result<PathBuf, EngineError> {
        self.context.fetch_file(self.context.input_file(role)?, name).await
    }

    /// Fetches the watermark too.
    async fn fetch_mark(self) -> Result<(), EngineError> {
        self.fetch(WATERMARK, MARK_FILE).await.map(drop)
    }

    async fn sniff(self, name: &str) -> Result<Sniffed, EngineError> {
        let path = self.dir.join(name);
        let work = move || sniff(&path).map_err(|error| failure::not_started(&error));
        self.engine.cpu.run(&self.context.cancel, work).await
    }

    async fn probe(self, name: &str, role: &str) -> Result<MediaInfo, EngineError> {
        let cancel = &self.context.cancel;
        probe::probe(&self.engine.sandbox, self.dir, name, Demuxers::Media, role, cancel).await
    }

    /// Describes the source and refuses what is too much.
    async fn admitted_source(self) -> Result<MediaInfo, EngineError> {
        let info = match self.probe(SOURCE_FILE, SOURCE).await {
            Err(EngineError::Fail(error)) if error.code == ErrorCode::InvalidInput => {
                return Err(self.not_a_film(error).await?);
            }
            other => other?,
        };
        probe::admit(&info, &self.engine.options)?;
        Ok(info)
    }

    /// A better word than `error` for a source of moving pictures or sound that was not understood: it may be a
    /// photo that somebody sent to the wrong operation.
    async fn not_a_film(self, error: JobError) -> Result<EngineError, EngineError> {
        let format = match self.sniff(SOURCE_FILE).await? {
            // A GIF may be a film; this one is damaged.
            Sniffed::InProcess(ImageFormat::Gif) | Sniffed::Avif | Sniffed::Unknown => {
                return Ok(EngineError::Fail(error));
            }
            Sniffed::InProcess(format) => format,
        };
        let operation = &self.context.job.operation;
        let wanted = if operation.starts_with("audio.") { "a file with sound" } else { "a video" };
        let format = format.as_str();
        let message =
            format!("the source file is a picture ({format}), but {operation} needs {wanted}");
        Ok(EngineError::fail(ErrorCode::InvalidInput, message))
    }

    /// Stores a file that was made, and answers.
    async fn finish(
        self,
        source: MediaInfo,
        made: MediaInfo,
        name: &str,
        content_type: &str,
    ) -> Result<Output, EngineError> {
        let path = self.dir.join(name);
        let artifact =
            self.context.store_file(StoredFile { name, content_type, path: &path }).await?;
        let output = Some(Made::new(&artifact, made));
        document(&Document { source, output }, vec![artifact])
    }
}

fn document(document: &Document, artifacts: Vec<Artifact>) -> Result<Output, EngineError> {
    let output = Output::json(document).map_err(|error| {
        tracing::error!(%error, "a result can not be written as JSON");
        EngineError::fail(ErrorCode::Internal, "the result can not be written")
    })?;
    Ok(Output { artifacts, ..output })
}

/// The name of the file that is made.
fn output_name(extension: &str) -> String {
    format!("output.{extension}")
}
