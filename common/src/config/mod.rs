//! The configuration of a process: plain data, complete and checked before any socket opens.
//!
//! `default.toml` is compiled in. It is the schema (a key that is not in it is unknown), the documentation and the
//! first layer; a file, the environment and the command line follow, later ones winning. Every mistake is reported
//! on its own, with its place: nobody has to start a process five times to find five of them.

mod check;
mod dispatcher;
mod egress;
mod environment;
mod error;
mod file;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod gateway;
mod given;
mod jobs;
mod keeper;
mod nats;
mod objects;
mod records;
pub mod required;
mod retention;
mod schema;
mod section;
mod security;
mod telemetry;
mod text;
mod values;
mod worker;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

pub use dispatcher::DispatcherConfig;
pub use egress::EgressConfig;
pub use error::{ConfigError, Place};
pub use gateway::GatewayConfig;
pub use jobs::JobsConfig;
pub use keeper::KeeperConfig;
pub use nats::{NatsConfig, NatsLimits};
pub use objects::ObjectsConfig;
pub use records::RecordsConfig;
pub use retention::RetentionConfig;
pub use security::SecurityConfig;
pub use telemetry::{LogFormat, TelemetryConfig};
pub use worker::{DiagnosticConfig, FfmpegConfig, LlmConfig, Sandbox, WorkerConfig};

use section::Section;
use values::Values;

/// The commented defaults: schema and documentation.
pub const DEFAULTS: &str = include_str!("default.toml");

/// Everything that can be set. The sections and keys are those of [`DEFAULTS`].
#[derive(Clone, Debug)]
pub struct Config {
    /// The broker.
    pub nats: NatsConfig,
    /// The object store.
    pub objects: ObjectsConfig,
    /// The SQL records.
    pub records: RecordsConfig,
    /// Keys for signing and sealing.
    pub security: SecurityConfig,
    /// Which outside addresses may be called.
    pub egress: EgressConfig,
    /// The HTTP API.
    pub gateway: GatewayConfig,
    /// The worker and its engines.
    pub worker: WorkerConfig,
    /// The delivery of webhooks.
    pub dispatcher: DispatcherConfig,
    /// The keeper's duties.
    pub keeper: KeeperConfig,
    /// Attempts and time limits of jobs.
    pub jobs: JobsConfig,
    /// How long things are kept.
    pub retention: RetentionConfig,
    /// Logs, traces and metrics.
    pub telemetry: TelemetryConfig,
}

/// The layers above the defaults.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// Dotted keys and their values as text that the program presets: weaker than everything that a person wrote.
    pub presets: Vec<(String, String)>,
    /// A file to read.
    pub file: Option<PathBuf>,
    /// The environment; only variables whose names begin with `MILLRACE_` are looked at.
    pub environment: BTreeMap<String, String>,
    /// Dotted keys and their values as text, from the command line. `worker.llm` takes URLs, separated by commas,
    /// and adds an endpoint for each.
    pub overrides: Vec<(String, String)>,
    /// Dotted keys that must be set, for example those of [`required`].
    pub required: Vec<&'static str>,
}

impl Config {
    /// Puts the layers together and checks the whole. On a mistake nothing is returned but all of them, in the order
    /// of their places.
    pub fn load(options: &LoadOptions) -> Result<Self, Vec<ConfigError>> {
        let mistakes: RefCell<Vec<ConfigError>> = RefCell::default();
        let mut values = Values::new();
        for (key, value) in &options.presets {
            let place = Place::Default;
            if let Err(problem) = values.set_text(key, value, &place) {
                mistakes.borrow_mut().push(ConfigError { place, key: key.clone(), problem });
            }
        }
        if let Some(path) = &options.file {
            file::apply(path, &mut values, &mistakes);
        }
        environment::apply(&options.environment, &mut values, &mistakes);
        for (key, value) in &options.overrides {
            let place = Place::CommandLine;
            if let Err(problem) = values.set_text(key, value, &place) {
                mistakes.borrow_mut().push(ConfigError { place, key: key.clone(), problem });
            }
        }
        environment::share_llm_key(&options.environment, &mut values);
        let config = Self::read(&Section::root(&values, &mistakes));
        check::check(&config, &values, &mistakes);
        required::check(&options.required, &values, &mistakes);
        let mistakes = mistakes.into_inner();
        if mistakes.is_empty() { Ok(config) } else { Err(error::sorted(mistakes)) }
    }

    fn read(root: &Section<'_>) -> Self {
        Self {
            nats: NatsConfig::read(&root.section("nats")),
            objects: ObjectsConfig::read(&root.section("objects")),
            records: RecordsConfig::read(&root.section("records")),
            security: SecurityConfig::read(&root.section("security")),
            egress: EgressConfig::read(&root.section("egress")),
            gateway: GatewayConfig::read(&root.section("gateway")),
            worker: WorkerConfig::read(&root.section("worker")),
            dispatcher: DispatcherConfig::read(&root.section("dispatcher")),
            keeper: KeeperConfig::read(&root.section("keeper")),
            jobs: JobsConfig::read(&root.section("jobs")),
            retention: RetentionConfig::read(&root.section("retention")),
            telemetry: TelemetryConfig::read(&root.section("telemetry")),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::load(&LoadOptions::default()).expect("a test loads the compiled-in defaults")
    }
}
