//! The engines that a configuration names.

use std::sync::Arc;

use common::config::{FfmpegConfig, LlmConfig, Sandbox, WorkerConfig};

use super::Engine;
use super::diagnostic::DiagnosticEngine;
use super::ffmpeg::{FfmpegEngine, FfmpegOptions, SandboxMode};
use super::llm::{EndpointOptions, LlmEngine};

/// Builds them all; one that can not work here says what it misses.
pub(crate) async fn build(config: &WorkerConfig) -> anyhow::Result<Vec<Arc<dyn Engine>>> {
    let mut engines: Vec<Arc<dyn Engine>> = Vec::new();
    if !config.llm.is_empty() {
        let endpoints = config.llm.iter().map(endpoint).collect();
        engines.push(Arc::new(LlmEngine::new(endpoints)?));
    }
    if let Some(ffmpeg) = &config.ffmpeg {
        engines.push(Arc::new(FfmpegEngine::new(ffmpeg_options(ffmpeg)).await?));
    }
    if let Some(diagnostic) = &config.diagnostic {
        engines.push(Arc::new(DiagnosticEngine::new(diagnostic.slots)));
    }
    Ok(engines)
}

fn endpoint(config: &LlmConfig) -> EndpointOptions {
    EndpointOptions {
        url: config.url.clone(),
        key: config.key.clone(),
        slots: config.slots,
        models: config.models.clone(),
        request_timeout: config.request_timeout,
        idle_timeout: config.idle_timeout,
        aliases: config.aliases.clone(),
        discovery_interval: config.discovery_interval,
    }
}

fn ffmpeg_options(config: &FfmpegConfig) -> FfmpegOptions {
    FfmpegOptions {
        slots: config.slots,
        sandbox: match config.sandbox {
            Sandbox::Auto => SandboxMode::Auto,
            Sandbox::Require => SandboxMode::Require,
            Sandbox::Off => SandboxMode::Off,
        },
        max_duration: config.max_duration,
        max_pixels: config.max_pixels,
        max_output_bytes: config.max_output,
        time_limit: config.time_limit,
        memory_bytes: config.memory,
        threads: config.threads,
    }
}
