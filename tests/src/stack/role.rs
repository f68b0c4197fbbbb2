//! One role on a thread and a runtime of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use common::bus::{Bus, BusOptions};
use common::clock::SystemClock;
use common::config::Config;
use common::lifecycle::{ExitStatus, Lifecycle};
use common::objects::Objects;
use common::process::Parts;
use common::signing::Keyring;
use common::telemetry::Metrics;
use tokio::sync::oneshot;

use crate::Role;
use crate::link::Link;

/// A role that runs.
pub(super) struct RunningRole {
    role: Role,
    started: Started,
    link: Option<Link>,
    stop: oneshot::Sender<Stop>,
    thread: JoinHandle<()>,
}

/// What is known of a role once it has started.
struct Started {
    address: Option<SocketAddr>,
    admin_key: Option<String>,
    metrics: Metrics,
}

/// An orderly stop.
struct Stop {
    grace: Duration,
    ended: oneshot::Sender<ExitStatus>,
}

impl RunningRole {
    /// Starts a role; returns when it is ready.
    pub(super) async fn start(
        role: Role,
        config: Config,
        options: BusOptions,
        link: Option<Link>,
    ) -> Self {
        let (ready, is_ready) = oneshot::channel();
        let (stop, is_stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name(role.as_str().to_owned())
            .spawn(move || live(role, config, options, ready, is_stopped))
            .expect("a thread can be started");
        let started = is_ready.await.expect("the role says whether it started");
        let started = started
            .unwrap_or_else(|error| panic!("the {} does not start: {error:#}", role.as_str()));
        Self { role, started, link, stop, thread }
    }

    /// Ends it at whatever await its tasks stand. Waits until they are gone.
    pub(super) fn kill(self) {
        drop(self.stop);
        let _ = self.thread.join();
    }

    /// Ends it as a signal does.
    pub(super) async fn stop(self, grace: Duration) -> ExitStatus {
        let (ended, has_ended) = oneshot::channel();
        assert!(
            self.stop.send(Stop { grace, ended }).is_ok(),
            "the {} is gone",
            self.role.as_str()
        );
        let status = has_ended.await.expect("a stop comes to an end");
        let _ = self.thread.join();
        status
    }

    pub(super) const fn role(&self) -> Role {
        self.role
    }

    pub(super) const fn address(&self) -> Option<SocketAddr> {
        self.started.address
    }

    pub(super) fn admin_key(&self) -> Option<&str> {
        self.started.admin_key.as_deref()
    }

    pub(super) fn metrics(&self) -> Metrics {
        self.started.metrics.clone()
    }

    pub(super) const fn link(&self) -> Option<&Link> {
        self.link.as_ref()
    }
}

/// The life of a role. Its runtime has the one thread, so that dropping it drops every task at once, as a kill does.
fn live(
    role: Role,
    config: Config,
    options: BusOptions,
    ready: oneshot::Sender<anyhow::Result<Started>>,
    stop: oneshot::Receiver<Stop>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be started");
    runtime.block_on(async {
        let (parts, started) = match Box::pin(start(role, config, options)).await {
            Ok(started) => started,
            Err(error) => return drop(ready.send(Err(error))),
        };
        let _ = ready.send(Ok(started));
        if let Ok(stop) = stop.await {
            let status = parts.lifecycle.shutdown(stop.grace).await;
            parts.bus.close().await;
            let _ = stop.ended.send(status);
        }
    });
    runtime.shutdown_background();
}

async fn start(
    role: Role,
    config: Config,
    options: BusOptions,
) -> anyhow::Result<(Parts, Started)> {
    let clock: common::clock::SharedClock = Arc::new(SystemClock);
    let parts = Parts {
        bus: Bus::connect(options, Arc::clone(&clock)).await?,
        objects: Objects::open(&config.objects.url)?,
        keyring: Arc::new(Keyring::new(&config.security.master_key, &[])?),
        config: Arc::new(config),
        clock,
        metrics: Metrics::new(),
        lifecycle: Lifecycle::new(),
    };
    let mut started = Started { address: None, admin_key: None, metrics: parts.metrics.clone() };
    match role {
        Role::Gateway => {
            let app = gateway::App::build(parts.clone()).await?;
            started.address = Some(app.local_addr());
            let key = app.ensure_admin_key().await?;
            started.admin_key = key.map(|key| key.expose().to_owned());
            app.spawn();
        }
        Role::Worker => worker::App::build(&parts).await?.spawn(),
        Role::Dispatcher => dispatcher::App::build(&parts)?.spawn(),
        Role::Keeper => keeper::App::build(&parts).await?.spawn(),
    }
    Ok((parts, started))
}
