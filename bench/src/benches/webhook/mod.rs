//! Webhooks: how many a second reach a healthy receiver, and whether dead and slow receivers cost the others anything.

mod drain;
mod receivers;
mod steady;

use crate::context::Context;
use crate::report::{Goal, Sheet};
use crate::system::{Engine, Role, Sync, System};
use crate::tell;

use self::receivers::{Kind, Receivers};

/// Receivers, and how many of them are dead and slow where some are.
const RECEIVERS: usize = 100;
const DEAD: usize = 20;
const SLOW: usize = 20;
/// What the healthy ones must keep.
const KEPT: f64 = 0.9;
/// The guard against targets within one's own network must let these through.
const SETTINGS: [(&str, &str); 1] = [("egress.allow", "127.0.0.0/8")];

/// The receivers of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Crowd {
    /// A single healthy one.
    One,
    /// All healthy.
    Healthy,
    /// Some are dead, some are slow.
    Mixed,
}

impl Crowd {
    fn kinds(self) -> Vec<Kind> {
        match self {
            Self::One => vec![Kind::Healthy],
            Self::Healthy => vec![Kind::Healthy; RECEIVERS],
            Self::Mixed => {
                let mut kinds = vec![Kind::Healthy; RECEIVERS];
                kinds[..DEAD].fill(Kind::Dead);
                kinds[DEAD..DEAD + SLOW].fill(Kind::Slow);
                kinds
            }
        }
    }

    /// The first of the receivers that are looked at: those that are healthy in every crowd of this size.
    fn first_watched(self) -> usize {
        if self == Self::One { 0 } else { DEAD + SLOW }
    }

    /// Whether a delivery of this number goes to a receiver that is looked at.
    fn watches(self, number: usize) -> bool {
        number % self.kinds().len() >= self.first_watched()
    }

    fn words(self) -> String {
        let watched = RECEIVERS - DEAD - SLOW;
        match self {
            Self::One => "one healthy receiver".to_owned(),
            Self::Healthy => format!("{watched} of {RECEIVERS} receivers, all healthy"),
            Self::Mixed => {
                format!("the same {watched}, of the others {DEAD} dead and {SLOW} take 10 s")
            }
        }
    }
}

/// Measures.
pub(crate) async fn run(context: &Context) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::default();
    for round in 1..=context.scale.rounds() {
        for crowd in [Crowd::One, Crowd::Healthy, Crowd::Mixed] {
            tell(&format!("round {round}: backlog, {}", crowd.words()));
            drain::measure(context, &mut sheet, crowd).await?;
        }
        for crowd in [Crowd::Healthy, Crowd::Mixed] {
            tell(&format!("round {round}: steady, {}", crowd.words()));
            steady::measure(context, &mut sheet, crowd).await?;
        }
    }
    let healthy = drain::row(Crowd::Healthy);
    for crowd in [Crowd::One, Crowd::Mixed] {
        sheet.against(&drain::row(crowd), &healthy);
    }
    sheet.goal(&drain::row(Crowd::Mixed), Goal::at_least(KEPT).of(&healthy));
    for quantile in [0.5, 0.99] {
        let healthy = steady::row(quantile, Crowd::Healthy);
        sheet.against(&steady::row(quantile, Crowd::Mixed), &healthy);
    }
    let half = |crowd| steady::row(0.5, crowd);
    sheet.goal(&half(Crowd::Mixed), Goal::at_most(1.0 / KEPT).of(&half(Crowd::Healthy)));
    Ok(sheet)
}

/// Everything but a dispatcher.
async fn start(context: &Context) -> anyhow::Result<System> {
    let mut system = context.system(Sync::Default, &SETTINGS).await?;
    for role in [Role::Gateway, Role::Keeper, Role::Worker(Engine::Diagnostic { slots: 100 })] {
        system.add(role).await?;
    }
    Ok(system)
}

/// The job whose end is posted to the receiver that this number is for.
fn job(receivers: &Receivers, number: usize) -> serde_json::Value {
    let url = receivers.url(number % receivers.addresses.len(), number);
    serde_json::json!({"operation": "diagnostic.echo", "input": {"n": number}, "lane": "normal", "webhook": url})
}
