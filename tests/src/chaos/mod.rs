//! The chaos suite: a cluster of three nats-servers, two of each role, callers of every style at a steady rate, a seeded
//! schedule of faults, and a checker that reads what is left by itself.
//!
//! The plan of a seed and a span is always the same: which fault, where, when, for how long. What the processes are doing at that
//! moment is not, so a seed that failed may need a few runs to fail again.

mod caller;
mod checker;
mod cluster;
mod fault;
mod faults;
mod fleet;
mod gather;
mod hooks;
mod intent;
mod ledger;
mod listener;
mod load;
mod outcome;
#[cfg(test)]
mod parted;
mod plan;
mod processes;
mod recovery;
mod report;
mod seat;
mod settle;
mod store;
mod style;
mod upstream;
mod weather;
mod world;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use futures::FutureExt as _;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use caller::Caller;
use ledger::Ledger;
pub use ledger::Style;
use listener::Listener;
use load::Load;
use plan::plan;
pub use report::Report;
use settle::Scene;
pub use store::mount_apart;
use weather::Weather;
use world::World;

/// How long the gateways may take to be ready.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often supervision looks for processes that have ended.
const SUPERVISION: Duration = Duration::from_millis(200);

/// One run of the suite.
#[derive(Clone, Debug)]
pub struct Chaos {
    /// What the faults follow from, together with `span`.
    pub seed: u64,
    /// How long there are faults; three times as long where the seed has long ones.
    pub span: Duration,
    /// Where data and logs are kept; made anew.
    pub folder: PathBuf,
}

impl Chaos {
    /// Does everything, and tells what came of it; nothing when it is stopped before. However it ends, no process runs
    /// and nothing is mounted any more when it returns. An error is one of the harness.
    pub async fn run(&self, stop: &CancellationToken) -> anyhow::Result<Option<Report>> {
        if self.folder.exists() {
            std::fs::remove_dir_all(&self.folder)?;
        }
        std::fs::create_dir_all(&self.folder)?;
        let Some(world) = stop.run_until_cancelled(World::start(&self.folder)).await else {
            return Ok(None);
        };
        let world = world?;
        // Nothing outlives this statement that knows the world.
        let outcome = tokio::select! {
            outcome = self.go(&world).boxed_local() => outcome.map(Some),
            () = supervise(&world) => Ok(None),
            () = stop.cancelled() => Ok(None),
        };
        world.end()?;
        outcome
    }

    async fn go(&self, world: &World) -> anyhow::Result<Report> {
        let planned = plan(self.seed, self.span);
        let list: Vec<_> = planned.iter().map(|one| format!("{one}\n")).collect();
        std::fs::write(self.folder.join("plan.txt"), list.concat())?;
        let (callers, secret) = self.open(world).await?;
        let listener = Listener::at(&world.cluster.urls()).await?;
        let ledger = Ledger::default();
        let span = Weather::of(self.seed).span(self.span);
        ledger.plans(span, planned.iter().map(|one| one.fault.cause()));
        let load = Load {
            seed: self.seed,
            gateways: (0..fleet::GATEWAYS)
                .map(|gateway| Caller::new(&world.fleet.door_url(gateway), &world.fleet.admin_key))
                .collect::<anyhow::Result<_>>()?,
            receiver: world.hooks.url(),
            ledger: ledger.clone(),
        };

        let mut asking = JoinSet::new();
        asking.spawn(load.clone().run(Instant::now() + span));
        let done = faults::inject(world, &planned).await;
        let outages = ledger.pages().outages(Instant::now());
        world.heal()?;
        let healed = Instant::now();
        asking.join_all().await;
        let recovery = recovery::ask_everybody(&load, healed).await;

        let folder = &self.folder;
        let scene = Scene {
            world,
            folder,
            ledger: &ledger,
            listener: &listener,
            secret: &secret,
            callers: &callers,
        };
        let (evidence, findings) = settle::settle(&scene).await?;
        let mut report = Report::of(self.seed, &planned, &evidence);
        report.span = self.span;
        report.did(&done);
        report.outages = outages;
        report.recovery = recovery.took;
        report.settled = healed.elapsed();
        report.ended_alone = processes::ended_alone(world);
        report.judge(&findings);
        report.judge(&recovery.findings);
        report.judge(&processes::check(world));
        std::fs::write(self.folder.join("report.txt"), report.to_string())?;
        Ok(report)
    }

    /// Callers without a network before them, and the secret of the webhooks, once all of it works.
    async fn open(&self, world: &World) -> anyhow::Result<(Vec<Caller>, String)> {
        let callers = (0..fleet::GATEWAYS)
            .map(|gateway| Caller::new(&world.fleet.url(gateway), &world.fleet.admin_key))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let until = Instant::now() + PATIENCE;
        let mut ready = 0;
        while ready < callers.len() {
            anyhow::ensure!(Instant::now() < until, "the gateways do not become ready");
            let models = callers[ready].get("/v1/models").await;
            let knows = models.json()["data"].as_array().is_some_and(|data| {
                data.iter().any(|one| one["id"] == upstream::MODEL && one["available"] == true)
            });
            if knows && callers[ready].get("/readyz").await.is(200) {
                ready += 1;
            } else {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        let secret = callers[0].get("/v1/webhooks/secret").await.json();
        let secret = secret["secret"].as_str().context("the secret of webhooks is answered")?;
        Ok((callers, secret.to_owned()))
    }
}

/// Does not end.
async fn supervise(world: &World) {
    loop {
        world.seats().for_each(seat::Seat::supervise);
        tokio::time::sleep(SUPERVISION).await;
    }
}
