//! A dispatcher on a real nats-server, with a pump of its own for what is due.

use std::sync::Arc;
use std::time::Duration;

use common::bus::testing::NatsServer;
use common::bus::{Bus, ConfigStore, FixedConsumer, Forwarded};
use common::clock::{Clock, SystemClock};
use common::config::{Config, LoadOptions};
use common::lifecycle::{ExitStatus, Lifecycle};
use common::process::Parts;
use common::secret::Secret;
use common::signing::Keyring;
use common::telemetry::Metrics;
use common::webhook::{Delivery, DeliveryEvent, Endpoint, EndpointSecret};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::App;
use crate::testing::loopback_allowed;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Stage {
    pub(super) server: NatsServer,
    pub(super) bus: Bus,
    pub(super) config: ConfigStore,
    pub(super) keyring: Arc<Keyring>,
    pub(super) metrics: Metrics,
    settings: Arc<Config>,
    lifecycle: Lifecycle,
    tasks: JoinSet<()>,
}

impl Stage {
    /// A stage with a running dispatcher that may reach loopback addresses.
    pub(super) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with other settings.
    pub(super) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut stage = Self::without_dispatcher(change).await;
        stage.start_dispatcher();
        stage
    }

    /// A stage whose dispatcher is started later.
    pub(super) async fn without_dispatcher(change: impl FnOnce(&mut Config)) -> Self {
        common::telemetry::install_crypto();
        let server = NatsServer::start().await;
        let bus = server.bus().await;
        let mut settings = Config::load(&LoadOptions::default()).unwrap();
        settings.egress = loopback_allowed();
        settings.dispatcher.schedule = vec![Duration::ZERO; 5];
        change(&mut settings);
        let mut tasks = JoinSet::new();
        let (config, watch) = bus.open_config(CancellationToken::new()).await.unwrap();
        tasks.spawn(watch);
        tasks.spawn(pump(bus.clone()));
        config.ready(PATIENCE).await.unwrap();
        Self {
            server,
            bus,
            config,
            keyring: Arc::new(Keyring::new(&Secret::new(MASTER_KEY), &[]).unwrap()),
            metrics: Metrics::new(),
            settings: Arc::new(settings),
            lifecycle: Lifecycle::new(),
            tasks,
        }
    }

    pub(super) fn start_dispatcher(&mut self) {
        self.lifecycle = Lifecycle::new();
        self.metrics = Metrics::new();
        let parts = Parts {
            config: Arc::clone(&self.settings),
            bus: self.bus.clone(),
            objects: common::objects::Objects::open("memory:///").unwrap(),
            clock: Arc::new(SystemClock),
            keyring: Arc::clone(&self.keyring),
            metrics: self.metrics.clone(),
            lifecycle: self.lifecycle.clone(),
        };
        App::build(&parts).unwrap().spawn();
    }

    /// Tells the dispatcher to stop, without waiting.
    pub(super) fn stop(&self) {
        self.lifecycle.request_stop("the test says so");
    }

    /// Waits for the stop; after `grace` it is a hard one.
    pub(super) async fn stopped(&self, grace: Duration) -> ExitStatus {
        self.lifecycle.shutdown(grace).await
    }

    pub(super) async fn publish(&self, delivery: &Delivery) {
        self.bus.publish_delivery(delivery, PATIENCE).await.unwrap();
    }

    /// Waits until the last snapshot of a delivery is as wanted.
    pub(super) async fn event(
        &self,
        delivery: &Delivery,
        wanted: impl Fn(&DeliveryEvent) -> bool,
    ) -> DeliveryEvent {
        let mut last = None;
        for _ in 0..PATIENCE.as_millis() / 20 {
            // The broker may be down for a while in the middle of a test.
            if let Ok(Some(event)) =
                self.bus.last_delivery_event(&delivery.tenant, delivery.id).await
            {
                if wanted(&event) {
                    return event;
                }
                last = Some(event);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the delivery did not come so far; its last snapshot: {last:#?}");
    }

    /// Waits until no delivery lies in WEBHOOKS.
    pub(super) async fn settled(&self) {
        self.settled_but(0).await;
    }

    /// Waits until this many deliveries lie in WEBHOOKS: the broker counts an ack a moment after it was sent.
    pub(super) async fn settled_but(&self, left: u64) {
        let mut messages = 0;
        for _ in 0..PATIENCE.as_millis() / 20 {
            let fill = self.bus.stream_fill().await.unwrap();
            messages = fill.iter().find(|fill| fill.name == "WEBHOOKS").unwrap().messages;
            if messages == left {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{messages} deliveries were left unsettled instead of {left}");
    }

    /// Registers an endpoint whose only secret is `secret`.
    pub(super) async fn register(&self, id: &str, url: &str, secret: &[u8]) -> Endpoint {
        let now = SystemClock.now();
        let mut endpoint = Endpoint {
            id: id.to_owned(),
            tenant: "acme".parse().unwrap(),
            url: url.to_owned(),
            description: String::new(),
            events: Vec::new(),
            secrets: Vec::new(),
            disabled: None,
            created_at: now,
        };
        let sealed = self.keyring.seal(&endpoint.secret_context(), secret);
        endpoint.secrets.push(EndpointSecret { sealed, created_at: now, expires_at: None });
        let key = Endpoint::key(&endpoint.tenant, id);
        self.config.create(&key, &endpoint).await.unwrap();
        endpoint
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.lifecycle.hard().cancel();
        self.tasks.abort_all();
    }
}

/// 32 bytes of nothing in particular.
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// What a keeper does: moves deliveries that are due into WEBHOOKS.
async fn pump(bus: Bus) {
    loop {
        let Ok(consumer) = bus.consumer(FixedConsumer::PumpWebhooks).await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        while let Ok(due) = consumer.fetch(100, Duration::from_secs(1)).await {
            for due in due {
                match bus.forward_due_delivery(&due).await {
                    Ok(Forwarded::Done) => due.ack().await.unwrap_or_default(),
                    Ok(Forwarded::Later(pause)) => due.nak(Some(pause)).await.unwrap_or_default(),
                    Ok(Forwarded::Unreadable) => panic!("a delay can not be read"),
                    Err(_) => due.nak(None).await.unwrap_or_default(),
                }
            }
        }
    }
}
