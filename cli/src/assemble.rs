//! From options to the parts that roles are built from.

use std::collections::BTreeMap;
use std::sync::Arc;

use common::bus::{Bus, BusOptions, StreamLimits};
use common::clock::SystemClock;
use common::config::{Config, LoadOptions};
use common::lifecycle::{ExitStatus, Lifecycle};
use common::objects::Objects;
use common::process::Parts;
use common::signing::Keyring;
use common::telemetry::{self, Metrics, TelemetryGuard};

use crate::arguments::{EngineOptions, RoleOptions};
use crate::failure::Failure;

/// Settings from the command line, as dotted keys.
pub(crate) type Overrides = Vec<(String, String)>;

/// The options that set keys of the configuration.
const OPTIONS: [(&str, &str); 5] = [
    ("--nats", "nats.url"),
    ("--health", "telemetry.metrics_listen"),
    ("--egress-allow", "egress.allow"),
    ("--llm", "worker.llm"),
    ("--listen", "gateway.listen"),
];

/// The option that set the dotted `key`, or the section that it is in.
pub(crate) fn option_of(key: &str) -> Option<&'static str> {
    let within = |section: &str| {
        key.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    OPTIONS.iter().find(|(_, set)| within(set)).map(|(option, _)| *option)
}

/// What the options of a role set.
pub(crate) fn role_overrides(role: &RoleOptions) -> Overrides {
    let mut overrides = Overrides::new();
    let mut set = |key: &str, value: Option<String>| {
        overrides.extend(value.map(|value| (key.to_owned(), value)));
    };
    set("nats.url", role.nats.clone());
    set("telemetry.metrics_listen", role.health.map(|address| address.to_string()));
    set("egress.allow", (!role.egress_allow.is_empty()).then(|| role.egress_allow.join(",")));
    overrides
}

/// What the options of engines set.
pub(crate) fn engine_overrides(engines: &EngineOptions) -> Overrides {
    let mut overrides = Overrides::new();
    if !engines.llm.is_empty() {
        overrides.push(("worker.llm".to_owned(), engines.llm.join(",")));
    }
    if engines.ffmpeg {
        overrides.push(("worker.ffmpeg.enabled".to_owned(), "true".to_owned()));
    }
    if engines.diagnostic {
        overrides.push(("worker.diagnostic.enabled".to_owned(), "true".to_owned()));
    }
    overrides
}

/// Media work is on where its programs are, unless somebody says otherwise.
pub(crate) fn ffmpeg_preset() -> Overrides {
    let there = crate::programs::on_path("ffmpeg") && crate::programs::on_path("ffprobe");
    vec![("worker.ffmpeg.enabled".to_owned(), there.to_string())]
}

/// Reads and checks the configuration; `required` are the keys that the role can not start without.
pub(crate) fn load(
    role: &RoleOptions,
    presets: Overrides,
    overrides: Overrides,
    required: &[&'static str],
) -> Result<Config, Failure> {
    let options = LoadOptions {
        file: role.config.clone(),
        environment: std::env::vars().collect::<BTreeMap<_, _>>(),
        presets,
        overrides,
        required: required.to_vec(),
    };
    Config::load(&options).map_err(|errors| Failure::config(&errors))
}

/// Starts logs and traces.
pub(crate) fn start_telemetry(config: &Config, process: &str) -> Result<TelemetryGuard, Failure> {
    telemetry::init(&config.telemetry, process).map_err(|error| anyhow::Error::from(error).into())
}

/// Connects and opens what every role shares. `name` is the role, as the broker's permissions know it.
pub(crate) async fn parts(config: Config, name: &str) -> Result<Parts, Failure> {
    let clock: common::clock::SharedClock = Arc::new(SystemClock);
    let security = &config.security;
    let keyring = if security.master_key.is_empty() {
        // A role that may start without a master key signs and seals nothing.
        Keyring::new(&Keyring::generate_master_key(), &[])
    } else {
        Keyring::new(&security.master_key, &security.previous_master_keys)
    }
    .map_err(anyhow::Error::from)?;
    let objects = Objects::open(&config.objects.url).map_err(anyhow::Error::from)?;
    let bus = Bus::connect(bus_options(&config, name), Arc::clone(&clock)).await?;
    let lifecycle = Lifecycle::new();
    lifecycle.handle_signals().map_err(anyhow::Error::from)?;
    let reaching = bus.clone();
    lifecycle.accompany(async move { reaching.keep_reaching().await });
    Ok(Parts {
        config: Arc::new(config),
        bus,
        objects,
        clock,
        keyring: Arc::new(keyring),
        metrics: Metrics::new(),
        lifecycle,
    })
}

pub(crate) fn bus_options(config: &Config, name: &str) -> BusOptions {
    let nats = &config.nats;
    BusOptions {
        url: nats.url.clone(),
        credentials: nats.credentials.clone(),
        user: nats.user.clone(),
        password: nats.password.clone(),
        name: name.to_owned(),
        connect_timeout: nats.connect_timeout,
        replicas: nats.replicas,
        limits: StreamLimits {
            jobs_messages: nats.limits.jobs_messages as i64,
            jobs_bytes: nats.limits.jobs_bytes as i64,
            events_bytes: nats.limits.events_bytes as i64,
            calls_bytes: nats.limits.calls_bytes as i64,
            webhooks_bytes: nats.limits.webhooks_bytes as i64,
        },
        status_retention: config.retention.status,
        ack_wait: config.jobs.ack_wait,
    }
}

/// Waits for the stop and sees it through; then closes what the tasks used.
pub(crate) async fn run_to_end(parts: &Parts) -> Result<(), Failure> {
    let status = parts.lifecycle.run(parts.config.worker.drain_grace).await;
    parts.bus.close().await;
    match status {
        ExitStatus::Success => Ok(()),
        ExitStatus::Failure(reason) => Err(Failure::general(reason)),
    }
}
