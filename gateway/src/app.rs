//! The gateway as a part of a process: built from the parts, spawned on the life cycle.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use common::bus::ReplySubscription;
use common::egress::EgressPolicy;
use common::process::Parts;
use common::records::Records;
use common::secret::Secret;
use common::signing::FileLinks;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::auth::bootstrap;
use crate::catalog::{Catalog, Queues};
use crate::inputs::Fetcher;
use crate::middleware::RequestMetrics;
use crate::ops::Readiness;
use crate::router::router;
use crate::serve::serve;
use crate::state::{AppState, Services};
use crate::wait::Replies;
use crate::webhooks;

/// A gateway that is bound to its address and does not serve yet.
pub struct App {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    state: AppState,
    /// What workers answer; subscribed to before the first request is served.
    replies: ReplySubscription,
    /// Cancelled when the last request is answered: what requests rely on is kept up until then.
    answered: CancellationToken,
}

impl App {
    /// Prepares the broker, binds the listener and starts to load the live configuration.
    pub async fn build(parts: Parts) -> anyhow::Result<Self> {
        let Parts { config, bus, objects, clock, keyring, metrics, lifecycle } = parts;
        let listener = bind(config.gateway.listen).await?;
        let address = listener.local_addr().context("the listener has no address")?;
        bus.begin_topology().await?;
        let answered = lifecycle.hard().child_token();
        let (store, watch) = bus.open_config(answered.clone()).await?;
        lifecycle.spawn("configuration", async {
            watch.await;
            Ok(())
        });
        let records = Records::open_read(&config.records.url)?;
        let egress = EgressPolicy::with_own_addresses(&config.egress, [address.ip()]);
        let state = AppState::new(Services {
            gateway_id: match config.gateway.id.as_str() {
                "" => format!("gw-{}", clock.new_uuid().simple()),
                id => id.to_owned(),
            },
            links: FileLinks::new(
                Arc::clone(&keyring),
                &config.gateway.public_url,
                config.gateway.signed_url_lifetime,
            ),
            catalog: Catalog::new(store.clone()),
            queues: Queues::default(),
            replies: Replies::default(),
            fetcher: Fetcher::new(egress.clone()).context("the HTTP client")?,
            egress,
            readiness: Readiness::new(
                bus.clone(),
                objects.clone(),
                store.clone(),
                records.clone(),
                lifecycle.clone(),
            ),
            requests: RequestMetrics::new(&metrics),
            config,
            bus,
            objects,
            clock,
            keyring,
            store,
            records,
            metrics,
            lifecycle,
        });
        let replies = state.bus.subscribe_replies(&state.gateway_id).await?;
        let router = router(&state)?;
        Ok(Self { listener, address, router, state, replies, answered })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// What its handlers work with.
    #[cfg(test)]
    pub(crate) fn state(&self) -> AppState {
        self.state.clone()
    }

    /// Makes the first admin key when there is none that works. `None` when there is one, or when another gateway is
    /// just making it. The key itself is kept nowhere: show it once, or it is lost.
    pub async fn ensure_admin_key(&self) -> Result<Option<Secret>, bootstrap::Error> {
        bootstrap::ensure_admin_key(&self.state.store, &*self.state.clock).await
    }

    /// Serves until the process stops.
    pub fn spawn(self) {
        let lifecycle = self.state.lifecycle.clone();
        let (state, soft) = (self.state.clone(), lifecycle.soft());
        lifecycle.spawn("endpoint requests", async {
            webhooks::answer_disable_requests(state, soft).await;
            Ok(())
        });
        let (bus, soft) = (self.state.bus.clone(), lifecycle.soft());
        lifecycle.spawn("topology", async move {
            bus.keep_topology(&soft).await;
            Ok(())
        });
        spawn_watches(&self.state, self.replies, &self.answered);
        let answered = self.answered;
        let serving = serve(self.listener, self.router, lifecycle.clone());
        lifecycle.spawn("http", async move {
            serving.await;
            answered.cancel();
            Ok(())
        });
    }
}

/// What this gateway knows of workers and queues, and hears of the jobs that its callers wait for.
fn spawn_watches(state: &AppState, replies: ReplySubscription, answered: &CancellationToken) {
    let (bus, clock) = (|| state.bus.clone(), || Arc::clone(&state.clock));
    let catalog = state.catalog.clone().keep(bus(), clock(), answered.clone());
    let queues = state.queues.clone().keep(bus(), clock(), answered.clone());
    let gateway = state.gateway_id.clone();
    let replies = state.replies.clone().run(bus(), gateway, replies, answered.clone());
    state.lifecycle.spawn("watches", async {
        tokio::join!(catalog, queues, replies);
        Ok(())
    });
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            anyhow::anyhow!("{address} is taken by another program; choose another with --listen")
        }
        _ => anyhow::anyhow!("can not listen on {address}: {error}"),
    })
}
