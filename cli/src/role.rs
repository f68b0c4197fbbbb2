//! One role in one process.

use common::config::required;
use common::process::Parts;

use crate::arguments::{GatewayOptions, RoleOptions, WorkerOptions};
use crate::assemble::{self, Overrides};
use crate::failure::Failure;
use crate::output::say;

/// `millrace gateway`
pub(crate) async fn gateway(options: GatewayOptions) -> Result<(), Failure> {
    let mut more = Overrides::new();
    if let Some(listen) = options.listen {
        more.push(("gateway.listen".to_owned(), listen.to_string()));
    }
    let (parts, _telemetry) =
        start(&options.role, Overrides::new(), more, required::GATEWAY, "gateway").await?;
    let app = gateway::App::build(parts.clone()).await?;
    if let Some(key) = app.ensure_admin_key().await.map_err(anyhow::Error::from)? {
        say(&format!("admin key (shown once, keep it): {}", key.expose()));
    }
    say(&format!("gateway ready on http://{}", app.local_addr()));
    app.spawn();
    assemble::run_to_end(&parts).await
}

/// `millrace worker`
pub(crate) async fn worker(options: WorkerOptions) -> Result<(), Failure> {
    let more = assemble::engine_overrides(&options.engines);
    let presets = assemble::ffmpeg_preset();
    let (parts, _telemetry) =
        start(&options.role, presets, more, required::WORKER, "worker").await?;
    let app = worker::App::build(&parts).await?;
    say(&format!("worker {} ready: {}", app.id(), app.capabilities().join(", ")));
    app.spawn();
    serve_health(&parts).await?;
    assemble::run_to_end(&parts).await
}

/// `millrace dispatcher`
pub(crate) async fn dispatcher(options: RoleOptions) -> Result<(), Failure> {
    let (parts, _telemetry) =
        start(&options, Overrides::new(), Overrides::new(), required::DISPATCHER, "dispatcher")
            .await?;
    let app = dispatcher::App::build(&parts)?;
    say("dispatcher ready");
    app.spawn();
    serve_health(&parts).await?;
    assemble::run_to_end(&parts).await
}

/// `millrace keeper`
pub(crate) async fn keeper(options: RoleOptions) -> Result<(), Failure> {
    let (parts, _telemetry) =
        start(&options, Overrides::new(), Overrides::new(), required::KEEPER, "keeper").await?;
    let app = keeper::App::build(&parts).await?;
    say("keeper ready");
    app.spawn();
    serve_health(&parts).await?;
    assemble::run_to_end(&parts).await
}

async fn start(
    options: &RoleOptions,
    presets: Overrides,
    more: Overrides,
    required: &[&'static str],
    name: &str,
) -> Result<(Parts, common::telemetry::TelemetryGuard), Failure> {
    let mut overrides = assemble::role_overrides(options);
    overrides.extend(more);
    let config = assemble::load(options, presets, overrides, required)?;
    let telemetry = assemble::start_telemetry(&config, name)?;
    Ok((assemble::parts(config, name).await?, telemetry))
}

async fn serve_health(parts: &Parts) -> Result<(), Failure> {
    if let Some(address) = gateway::serve_health(parts).await? {
        say(&format!("health on http://{address}"));
    }
    Ok(())
}
