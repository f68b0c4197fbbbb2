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
/// Those that are looked at.
const WATCHED: usize = RECEIVERS - DEAD - SLOW;
/// What the healthy ones must keep.
const KEPT: f64 = 0.9;
/// The guard against targets within one's own network must let these through.
const SETTINGS: [(&str, &str); 1] = [("egress.allow", "127.0.0.0/8")];

/// How many times the 99th of 100 may be as late: what is retried or held shares the dispatcher's connections.
const LATE: f64 = 2.0;

/// The receivers of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Crowd {
    /// A single healthy one.
    One,
    /// Those that are healthy in every crowd, alone.
    Alone,
    /// All healthy.
    Healthy,
    /// Some are dead, some are slow.
    Mixed,
}

impl Crowd {
    fn kinds(self) -> Vec<Kind> {
        match self {
            Self::One => vec![Kind::Healthy],
            Self::Alone => vec![Kind::Healthy; WATCHED],
            Self::Healthy => vec![Kind::Healthy; RECEIVERS],
            Self::Mixed => {
                let mut kinds = vec![Kind::Healthy; RECEIVERS];
                kinds[..DEAD].fill(Kind::Dead);
                kinds[DEAD..DEAD + SLOW].fill(Kind::Slow);
                kinds
            }
        }
    }

    /// Whether a delivery of this number goes to a receiver that is looked at: those that are healthy in every crowd.
    fn watches(self, number: usize) -> bool {
        let unwatched = if self.kinds().len() == RECEIVERS { DEAD + SLOW } else { 0 };
        number % self.kinds().len() >= unwatched
    }

    fn words(self) -> String {
        match self {
            Self::One => "one healthy receiver".to_owned(),
            Self::Alone => format!("{WATCHED} healthy receivers"),
            Self::Healthy => format!("{WATCHED} of {RECEIVERS} receivers, all healthy"),
            Self::Mixed => {
                format!("the same {WATCHED}, and beside them {DEAD} dead and {SLOW} that take 10 s")
            }
        }
    }
}

/// Measures.
pub(crate) async fn run(context: &Context, sheet: &mut Sheet) -> anyhow::Result<()> {
    for round in 1..=context.scale.rounds() {
        for crowd in [Crowd::One, Crowd::Alone, Crowd::Healthy, Crowd::Mixed] {
            tell(&format!("round {round}: backlog, {}", crowd.words()));
            drain::measure(context, sheet, crowd).await?;
        }
        for crowd in [Crowd::Healthy, Crowd::Mixed] {
            tell(&format!("round {round}: steady, {}", crowd.words()));
            steady::measure(context, sheet, crowd).await?;
        }
    }
    Ok(())
}

/// States what the rows are compared with and what they are to reach.
pub(crate) fn state_goals(_: &Context, sheet: &mut Sheet) {
    let all_healthy = drain::row(Crowd::Healthy);
    for crowd in [Crowd::One, Crowd::Alone, Crowd::Mixed] {
        sheet.against(&drain::row(crowd), &all_healthy);
    }
    sheet.goal(&drain::row(Crowd::Mixed), Goal::at_least(KEPT).of(&all_healthy));
    for (percent, most) in [(50, 1.0 / KEPT), (99, LATE)] {
        let healthy = steady::row(percent, Crowd::Healthy);
        let mixed = steady::row(percent, Crowd::Mixed);
        sheet.against(&mixed, &healthy);
        sheet.goal(&mixed, Goal::at_most(most).of(&healthy));
    }
    let (healthy, mixed) = (steady::in_time(Crowd::Healthy), steady::in_time(Crowd::Mixed));
    sheet.against(&mixed, &healthy);
    sheet.goal(&mixed, Goal::at_least(KEPT).of(&healthy));
    sheet.note(
        &drain::row(Crowd::Mixed),
        "meanwhile the dispatcher pulls and tries the deliveries for the others on the same cores",
    );
    sheet.note(
        &drain::row(Crowd::Alone),
        "the most that these can get: there is nothing else to deliver",
    );
    sheet.note(&drain::row(Crowd::One), "ten at once is the most for one receiver");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_deliveries_are_looked_at_alone_as_beside_others() {
        let watched = |crowd: Crowd, count: usize| (0..count).filter(|n| crowd.watches(*n)).count();
        assert_eq!(watched(Crowd::Alone, 4_800), 4_800);
        assert_eq!(watched(Crowd::Mixed, 8_000), 4_800);
        let healthy = |number: usize| Crowd::Mixed.kinds()[number % RECEIVERS] == Kind::Healthy;
        assert!((0..RECEIVERS).all(|number| Crowd::Mixed.watches(number) == healthy(number)));
    }
}
