//! The chaos suite: a cluster of three nats-servers, two of each role, callers of every style at a steady rate, a seeded
//! schedule of faults, and a checker that reads what is left by itself.
//!
//! The plan of a seed is always the same: which fault, where, when, for how long. What the processes are doing at that
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
#[cfg(test)]
mod parted;
mod plan;
mod report;
mod seat;
mod store;
mod style;
mod upstream;
mod weather;
mod world;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::task::JoinSet;
use tokio::time::Instant;

use caller::Caller;
use checker::{Evidence, Finding, check};
use ledger::Ledger;
pub use ledger::Style;
use listener::Listener;
use load::Load;
use plan::plan;
pub use report::Report;
use world::World;

/// How long everything may take to settle after the last fault is mended.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long what looks broken must stay so: a server that comes back tells for a while what was true before.
const DOUBT: Duration = Duration::from_secs(20);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// How often supervision looks for processes that have ended.
const SUPERVISION: Duration = Duration::from_millis(200);

/// One run of the suite.
#[derive(Clone, Debug)]
pub struct Chaos {
    /// What the faults follow from.
    pub seed: u64,
    /// How long there are faults.
    pub span: Duration,
    /// Where data and logs are kept; made anew.
    pub folder: PathBuf,
}

impl Chaos {
    /// Does everything, and tells what came of it. An error is one of the harness.
    pub async fn run(&self) -> anyhow::Result<Report> {
        if self.folder.exists() {
            std::fs::remove_dir_all(&self.folder)?;
        }
        std::fs::create_dir_all(&self.folder)?;
        let world = Arc::new(World::start(&self.folder).await?);
        let planned = plan(self.seed, self.span);
        let list: Vec<_> = planned.iter().map(|one| format!("{one}\n")).collect();
        std::fs::write(self.folder.join("plan.txt"), list.concat())?;
        let (callers, secret) = self.open(&world).await?;
        let listener = Listener::at(&world.cluster.urls()).await?;
        let ledger = Ledger::default();
        ledger.plans(self.span, planned.iter().map(|one| one.fault.kind()));
        let load = Load {
            seed: self.seed,
            gateways: (0..fleet::GATEWAYS)
                .map(|gateway| Caller::new(&world.fleet.door_url(gateway), &world.fleet.admin_key))
                .collect::<anyhow::Result<_>>()?,
            receiver: world.hooks.url(),
            ledger: ledger.clone(),
        };

        let mut supervision = JoinSet::new();
        supervision.spawn(supervise(Arc::clone(&world)));
        let mut asking = JoinSet::new();
        asking.spawn(load.run(Instant::now() + self.span));
        let missed = faults::inject(&world, &planned).await;
        let outages = ledger.pages().outages(Instant::now());
        world.heal()?;
        let healed = Instant::now();
        asking.join_all().await;

        let (evidence, findings) =
            settle(&world, &self.folder, &ledger, &listener, &secret, &callers).await?;
        let mut report = Report::of(self.seed, &planned, &evidence);
        report.missed = missed;
        report.outages = outages;
        report.settled = healed.elapsed();
        for seat in world.seats() {
            let words = seat.ended_alone();
            report
                .ended_alone
                .extend(words.into_iter().map(|words| format!("{}: {words}", seat.name)));
        }
        report.judge(&findings);
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

async fn supervise(world: Arc<World>) {
    loop {
        world.seats().for_each(seat::Seat::supervise);
        tokio::time::sleep(SUPERVISION).await;
    }
}

/// Looks until nothing is pending, or something stays broken, or patience is at its end.
async fn settle(
    world: &World,
    folder: &Path,
    ledger: &Ledger,
    listener: &Listener,
    secret: &str,
    callers: &[Caller],
) -> anyhow::Result<(Evidence, Vec<Finding>)> {
    let until = Instant::now() + PATIENCE;
    let mut broken_since = None;
    loop {
        let is_late = Instant::now() > until;
        let gathered = gather::gather(world, folder, ledger, listener, secret).await;
        let mut evidence = match gathered {
            Ok(evidence) => evidence,
            Err(error) if is_late => return Err(error),
            Err(_) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let findings = check(&evidence);
        let is_broken = findings.iter().any(|finding| !finding.may_pass);
        broken_since = is_broken.then(|| broken_since.unwrap_or_else(Instant::now));
        let stays_broken = broken_since.is_some_and(|since| since.elapsed() > DOUBT);
        if findings.is_empty() || stays_broken || is_late {
            evidence.results = gather::read_results(world, &evidence, callers).await;
            let findings = check(&evidence);
            return Ok((evidence, findings));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
