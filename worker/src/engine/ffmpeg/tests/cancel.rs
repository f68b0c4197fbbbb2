//! A cancelled job leaves no process and no file behind.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::bench::{Bench, made};
use crate::engine::ffmpeg::{FfmpegOptions, SandboxMode};
use crate::engine::{Engine, EngineError};

/// The processes whose command line names `dir`, or whose current directory it is.
fn processes_of(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|process| {
            let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
            let named = String::from_utf8_lossy(&line).contains(&*dir.to_string_lossy());
            let inside = std::fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == dir);
            let sandboxed = std::fs::read_to_string(process.join("mountinfo"))
                .is_ok_and(|mounts| mounts.contains(&*dir.to_string_lossy()));
            named || inside || sandboxed
        })
        .collect()
}

async fn until(mut condition: impl FnMut() -> bool, what: &str) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn cancel_in_the_middle(sandbox: SandboxMode) {
    let bench = Bench::with(FfmpegOptions { sandbox, ..FfmpegOptions::default() }).await;
    let source = made(
        "-f lavfi -i testsrc2=s=640x360:r=50:d=20 -c:v libx264 -preset ultrafast -pix_fmt yuv420p",
        "mp4",
    );
    let wish = r#"{"width":3840,"format":"webm","quality":100}"#;
    let context = bench.context("video.scale", wish, &[("source", &source)]).await;
    let dir = context.workspace().await.unwrap().to_owned();
    let cancel = async {
        let output = dir.join("output.webm");
        until(|| output.exists(), "ffmpeg does not begin").await;
        let names: Vec<_> = processes_of(&dir)
            .into_iter()
            .filter_map(|process| std::fs::read_to_string(process.join("comm")).ok())
            .collect();
        assert!(names.iter().any(|name| name.trim() == "ffmpeg"), "{names:?}");
        let cancelled_at = Instant::now();
        context.cancel.cancel();
        cancelled_at
    };
    let (result, cancelled_at) = tokio::join!(bench.engine.run(&context), cancel);
    assert!(matches!(result, Err(EngineError::Canceled)), "{result:?}");
    until(|| processes_of(&dir).is_empty(), "a process is left").await;
    assert!(cancelled_at.elapsed() < Duration::from_secs(2), "{:?}", cancelled_at.elapsed());
    drop(context);
    assert!(!dir.exists());
}

#[tokio::test]
async fn a_cancel_frees_the_whole_group_in_the_sandbox() {
    cancel_in_the_middle(SandboxMode::Require).await;
}

#[tokio::test]
async fn a_cancel_frees_the_whole_group_without_the_sandbox() {
    cancel_in_the_middle(SandboxMode::Off).await;
}

#[tokio::test]
async fn a_run_that_is_dropped_frees_the_whole_group() {
    let bench = Bench::new().await;
    let source = made(
        "-f lavfi -i testsrc2=s=640x360:r=50:d=20 -c:v libx264 -preset ultrafast -pix_fmt yuv420p",
        "mp4",
    );
    let wish = r#"{"width":3840,"format":"webm","quality":100}"#;
    let context = bench.context("video.scale", wish, &[("source", &source)]).await;
    let dir = context.workspace().await.unwrap().to_owned();
    let output = dir.join("output.webm");
    tokio::select! {
        result = bench.engine.run(&context) => panic!("{result:?}"),
        () = until(|| output.exists(), "ffmpeg does not begin") => {}
    }
    until(|| processes_of(&dir).is_empty(), "a process is left").await;
}

#[tokio::test]
async fn a_job_that_is_cancelled_before_it_starts_does_nothing() {
    let bench = Bench::new().await;
    let source = super::bench::film(0.2);
    let context =
        bench.context("video.convert", r#"{"format":"webm"}"#, &[("source", &source)]).await;
    context.cancel.cancel();
    let result = bench.engine.run(&context).await;
    assert!(matches!(result, Err(EngineError::Canceled)), "{result:?}");
}
