//! The keeper's parts and its start.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use common::lifecycle::Lifecycle;
use common::process::Parts;
use common::records::Records;
use common::signing::FileLinks;
use tokio_util::sync::CancellationToken;

use crate::cancel::Canceler;
use crate::clean::{Cleaner, FileCleaner, OrphanCleaner};
use crate::context::Context;
use crate::duty::{Duty, Next, perform};
use crate::expire::Expirer;
use crate::metrics::KeeperMetrics;
use crate::outbox::Outbox;
use crate::pump::{Destination, Pump};
use crate::record::{Recorder, deliveries, events};
use crate::repair::{Consumers, Parked, Repairer, Sentinels};
use crate::trouble::Trouble;

/// How long the start waits for the broker.
const START_PATIENCE: Duration = Duration::from_secs(10);

/// A keeper that is ready to start.
pub struct App {
    context: Context,
    lifecycle: Lifecycle,
}

impl App {
    /// Builds the keeper. Fails when the records' address is wrong or the live configuration can not be loaded; a
    /// database that is away is waited for by the duties that need it.
    pub async fn build(parts: &Parts) -> anyhow::Result<Self> {
        let records = Records::open(&parts.config.records.url)?;
        parts.bus.begin_topology().await?;
        let (live, watch) = parts.bus.open_config(parts.lifecycle.soft()).await?;
        parts.lifecycle.spawn("keeper configuration", async move {
            watch.await;
            Ok(())
        });
        live.ready(START_PATIENCE).await?;
        let context = Context {
            config: Arc::clone(&parts.config),
            bus: parts.bus.clone(),
            live,
            objects: parts.objects.clone(),
            records,
            clock: Arc::clone(&parts.clock),
            links: FileLinks::new(
                Arc::clone(&parts.keyring),
                &parts.config.gateway.public_url,
                parts.config.gateway.signed_url_lifetime,
            ),
            metrics: KeeperMetrics::register(&parts.metrics),
        };
        Ok(Self { context, lifecycle: parts.lifecycle.clone() })
    }

    /// Starts the duties. On a soft stop each ends after the piece it is at; nothing is lost by a harder end.
    pub fn spawn(self) {
        let Self { context, lifecycle } = self;
        let bus = context.bus.clone();
        let soft = lifecycle.soft();
        lifecycle.spawn("topology", async move {
            bus.keep_topology(&soft).await;
            Ok(())
        });

        // Those that need no SQL start at once.
        start(&lifecycle, &context, Pump::new(&context, Destination::Jobs));
        start(&lifecycle, &context, Pump::new(&context, Destination::Webhooks));
        start(&lifecycle, &context, Outbox::new(&context));
        start(&lifecycle, &context, Consumers::new(&context));
        start(&lifecycle, &context, Parked::new(&context));
        start(&lifecycle, &context, Sentinels::new(&context));
        start(&lifecycle, &context, FileCleaner::new(&context));

        let tracker = lifecycle.clone();
        lifecycle.spawn("records", async move {
            let (ready, metrics) = (CancellationToken::new(), context.metrics.clone());
            let setup = SetUp { context: context.clone(), ready: ready.clone() };
            let done = tracker.soft().child_token();
            tokio::select! {
                () = perform(setup, metrics, done) => return Ok(()),
                () = ready.cancelled() => {}
            }
            start(&tracker, &context, Recorder::<events::Events>::new(&context));
            start(&tracker, &context, Recorder::<deliveries::Deliveries>::new(&context));
            start(&tracker, &context, Repairer::new(&context));
            start(&tracker, &context, Expirer::new(&context));
            start(&tracker, &context, Canceler::new(&context));
            start(&tracker, &context, Cleaner::new(&context));
            start(&tracker, &context, OrphanCleaner::new(&context));
            tracker.soft().cancelled().await;
            context.records.close().await;
            Ok(())
        });
    }
}

fn start(lifecycle: &Lifecycle, context: &Context, duty: impl Duty) {
    let (metrics, stop) = (context.metrics.clone(), lifecycle.soft());
    let hard = lifecycle.hard();
    lifecycle.spawn(duty.name(), async move {
        tokio::select! {
            () = perform(duty, metrics, stop) => {}
            // A piece that waits for a broker that is away; whatever it left comes again.
            () = hard.cancelled() => {}
        }
        Ok(())
    });
}

/// Makes the tables, as soon as the database is there.
struct SetUp {
    context: Context,
    ready: CancellationToken,
}

impl Duty for SetUp {
    fn name(&self) -> &'static str {
        "set_up_records"
    }

    async fn tick(&mut self) -> Result<Next, Trouble> {
        self.context.records.migrate().await?;
        self.ready.cancel();
        Ok(Next::In(Duration::from_secs(1)))
    }
}
