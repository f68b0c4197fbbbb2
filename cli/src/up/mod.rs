//! Everything in one process: all four roles, a nats-server child, SQLite and a local directory.

mod data_dir;
mod nats_server;

use std::path::Path;

use common::config::NatsConfig;
use common::process::Parts;
use common::secret::Secret;

use self::data_dir::DataDir;
use self::nats_server::NatsServer;
use crate::arguments::UpOptions;
use crate::assemble::{self, Overrides};
use crate::failure::Failure;
use crate::output::say;

/// `millrace up`
pub(crate) async fn run(options: UpOptions) -> Result<(), Failure> {
    let dir = DataDir::open(&options.data_dir)?;
    let master_key = dir.master_key()?;
    let mut overrides = assemble::role_overrides(&options.role);
    overrides.extend(assemble::engine_overrides(&options.engines));
    if let Some(listen) = options.listen {
        overrides.push(("gateway.listen".to_owned(), listen.to_string()));
    }
    let mut config =
        assemble::load(&options.role, presets(dir.path(), &master_key), overrides, &[])?;
    let _telemetry = assemble::start_telemetry(&config, "up")?;
    let server = if options.role.nats.is_some() {
        None
    } else {
        let server = NatsServer::start(&dir).await?;
        server.lead(&mut config.nats);
        Some(server)
    };
    let outcome = serve(config, &dir, server.as_ref()).await;
    if let Some(server) = server {
        server.stop().await;
    }
    outcome
}

async fn serve(
    config: common::config::Config,
    dir: &DataDir,
    server: Option<&NatsServer>,
) -> Result<(), Failure> {
    let parts = assemble::parts(config, "up").await?;
    if let Some(server) = server {
        server.supervise(&parts.lifecycle);
    }
    let outcome = start_roles(&parts, dir, server).await;
    if outcome.is_err() {
        // Why is told at the end, in a sentence; a line in the log would only say it twice.
        parts.lifecycle.soft().cancel();
    }
    let stopped = assemble::run_to_end(&parts).await;
    outcome.and(stopped)
}

async fn start_roles(
    parts: &Parts,
    dir: &DataDir,
    server: Option<&NatsServer>,
) -> Result<(), Failure> {
    let gateway = gateway::App::build(parts.clone()).await?;
    let address = gateway.local_addr();
    if let Some(key) = gateway.ensure_admin_key().await.map_err(anyhow::Error::from)? {
        dir.keep_admin_key(&key)?;
        say(&format!("admin key   {} (also in {})", key.expose(), dir.admin_key_path().display()));
    }
    let keeper = keeper::App::build(parts).await?;
    let dispatcher = dispatcher::App::build(parts)?;
    let worker = worker_of(parts).await?;
    if let Some(server) = server {
        say(&format!("nats        ready  {}", server.url()));
    }
    keeper.spawn();
    say("keeper      ready");
    dispatcher.spawn();
    say("dispatcher  ready");
    match worker {
        Some(worker) => {
            let capabilities = worker.capabilities().join(", ");
            worker.spawn();
            say(&format!("worker      ready  {capabilities}"));
        }
        None => say("worker      none   (attach one: --llm URL, --ffmpeg, --diagnostic)"),
    }
    gateway.spawn();
    say(&format!("gateway     ready  http://{address}"));
    Ok(())
}

/// The worker of this process; none when no engine is configured, since others can be attached from anywhere.
async fn worker_of(parts: &Parts) -> Result<Option<worker::App>, Failure> {
    let config = &parts.config.worker;
    if config.llm.is_empty() && config.ffmpeg.is_none() && config.diagnostic.is_none() {
        return Ok(None);
    }
    Ok(Some(worker::App::build(parts).await?))
}

/// What `up` presets so that a laptop needs nothing else. File, environment and options are stronger.
fn presets(dir: &Path, master_key: &Secret) -> Overrides {
    let stores = [
        ("objects.url", format!("file://{}", dir.join("objects").display())),
        ("records.url", format!("sqlite://{}", dir.join("records.sqlite").display())),
        ("security.master_key", master_key.expose().to_owned()),
    ];
    let mut presets = assemble::ffmpeg_preset();
    presets.extend(stores.map(|(key, value)| (key.to_owned(), value)));
    presets
}

/// Leads a configuration to the nats-server that an `up` on this data directory runs, when one does.
pub(crate) fn lead_to_running_server(data_dir: &Path, config: &mut NatsConfig) {
    let Ok(data_dir) = data_dir.canonicalize() else { return };
    if let Some(url) = nats_server::running(&data_dir.join("nats")) {
        nats_server::lead(config, url, data_dir::nats_password(&data_dir));
    }
}
