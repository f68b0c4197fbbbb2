//! What every test of the engine needs: clips to work on, and a way to run an operation on them.

use std::process::{Command, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use common::error_code::ErrorCode;
use common::job::{InputFile, JobError};
use common::objects::Objects;
use common::operation::Operation;
use serde_json::Value;

use crate::engine::ffmpeg::{FfmpegEngine, FfmpegOptions};
use crate::engine::{Engine, EngineError, RunContext, testing};

pub(in crate::engine::ffmpeg) struct Bench {
    pub(in crate::engine::ffmpeg) engine: FfmpegEngine,
    pub(in crate::engine::ffmpeg) objects: Objects,
}

/// What a job answered: its document and its files.
pub(in crate::engine::ffmpeg) struct Answer {
    pub(in crate::engine::ffmpeg) document: Value,
    pub(in crate::engine::ffmpeg) files: Vec<Bytes>,
}

impl Answer {
    pub(in crate::engine::ffmpeg) fn file(&self) -> Bytes {
        self.files[0].clone()
    }

    pub(in crate::engine::ffmpeg) fn output(&self) -> &Value {
        &self.document["output"]
    }
}

impl Bench {
    pub(in crate::engine::ffmpeg) async fn new() -> Self {
        Self::with(FfmpegOptions::default()).await
    }

    pub(in crate::engine::ffmpeg) async fn with(options: FfmpegOptions) -> Self {
        let engine = FfmpegEngine::new(options).await.unwrap();
        Self { engine, objects: Objects::open("memory:///").unwrap() }
    }

    /// Runs a job to its end.
    pub(in crate::engine::ffmpeg) async fn run(
        &self,
        operation: &str,
        input: &str,
        files: &[(&str, &Bytes)],
    ) -> Result<Answer, EngineError> {
        let context = self.context(operation, input, files).await;
        let output = self.engine.run(&context).await?;
        let document = serde_json::from_slice(&output.body).unwrap();
        let mut answer = Answer { document, files: Vec::new() };
        for artifact in &output.artifacts {
            let bytes = self.objects.get(&artifact.key).await.unwrap();
            assert_eq!(artifact.bytes, bytes.len() as u64);
            answer.files.push(bytes);
        }
        Ok(answer)
    }

    /// Runs a job that must succeed.
    pub(in crate::engine::ffmpeg) async fn done(
        &self,
        operation: &str,
        input: &str,
        files: &[(&str, &Bytes)],
    ) -> Answer {
        match self.run(operation, input, files).await {
            Ok(answer) => answer,
            Err(error) => panic!("{operation} {input}: {error:?}"),
        }
    }

    /// Runs a job that must fail for good, with a message that shows nothing of the machine.
    pub(in crate::engine::ffmpeg) async fn refused(
        &self,
        operation: &str,
        input: &str,
        files: &[(&str, &Bytes)],
    ) -> JobError {
        match self.run(operation, input, files).await {
            Err(EngineError::Fail(error)) => {
                for secret in ["/tmp", "/work", "in.bin", "0x", "bwrap"] {
                    assert!(!error.message.contains(secret), "{}", error.message);
                }
                assert_ne!(error.code, ErrorCode::EngineFailed, "{}", error.message);
                error
            }
            Err(other) => panic!("{operation} {input}: {other:?}"),
            Ok(answer) => panic!("{operation} {input}: {}", answer.document),
        }
    }

    /// The surroundings of a job with these files.
    pub(in crate::engine::ffmpeg) async fn context(
        &self,
        operation: &str,
        input: &str,
        files: &[(&str, &Bytes)],
    ) -> RunContext {
        let mut context = testing::context(operation, "ffmpeg", input, false);
        Operation::find(operation).unwrap().check(context.job.input.as_ref().unwrap()).unwrap();
        context.objects = self.objects.clone();
        let job = Arc::get_mut(&mut context.job).unwrap();
        for (role, bytes) in files {
            let key = format!("files/test/{}/{role}", job.id);
            self.objects.put(&key, (*bytes).clone()).await.unwrap();
            job.files.push(InputFile {
                name: (*role).to_owned(),
                key,
                content_type: "application/octet-stream".to_owned(),
                bytes: bytes.len() as u64,
            });
        }
        context
    }
}

/// A file made by ffmpeg from `arguments`, which leave out the output.
pub(in crate::engine::ffmpeg) fn made(arguments: &str, muxer: &str) -> Bytes {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("made");
    let status = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y"])
        .args(arguments.split_whitespace())
        .args(["-f", muxer])
        .arg(&out)
        .stdin(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{arguments}");
    Bytes::from(std::fs::read(out).unwrap())
}

/// A small film of `seconds` with sound.
pub(in crate::engine::ffmpeg) fn film(seconds: f64) -> Bytes {
    let arguments = format!(
        "-f lavfi -i testsrc=s=128x96:r=25:d={seconds} -f lavfi -i sine=f=440:d={seconds} \
         -c:v libx264 -preset ultrafast -g 5 -pix_fmt yuv420p -c:a aac -movflags +faststart"
    );
    made(&arguments, "mp4")
}

/// One second of sound.
pub(in crate::engine::ffmpeg) fn sound() -> Bytes {
    made("-f lavfi -i sine=f=440:d=1:r=44100 -c:a pcm_s16le", "wav")
}

/// A picture: red on the left, blue on the right.
pub(in crate::engine::ffmpeg) fn picture(width: u32, height: u32) -> Bytes {
    let image = image::RgbImage::from_fn(width, height, |x, _| {
        image::Rgb(if x < width / 2 { [255, 0, 0] } else { [0, 0, 255] })
    });
    encoded(&image.into(), image::ImageFormat::Png)
}

pub(in crate::engine::ffmpeg) fn encoded(
    image: &image::DynamicImage,
    format: image::ImageFormat,
) -> Bytes {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner().into()
}

/// The pixels of an answer's file.
pub(in crate::engine::ffmpeg) fn pixels(bytes: &Bytes) -> image::RgbaImage {
    image::load_from_memory(bytes).unwrap().into_rgba8()
}
