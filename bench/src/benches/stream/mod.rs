//! What Millrace adds to streamed tokens, how many streams it carries, and what each one costs in memory.

mod capacity;
mod compare;
mod reader;
mod streams;

pub(crate) use self::compare::state_goals;
use crate::context::Context;
use crate::cpu::Meter;
use crate::load::Plan;
use crate::mock::TOKENS;
use crate::report::Sheet;
use crate::system::Mock;
use crate::tell;

use self::streams::{Found, made, streams};
use super::subject::{MILLRACE, PEERS, Subject};

/// New streams a second while times are measured, and the connections for them: about thirteen stream at once.
const RATE: f64 = 10.0;
const CONNECTIONS: usize = 16;
/// Chats that the worker runs at once: more than are ever open.
const SLOTS: usize = 1_200;

/// Measures. The most streams come first, while nothing has been served yet and idle memory is what a start needs.
pub(crate) async fn run(context: &Context, sheet: &mut Sheet) -> anyhow::Result<()> {
    let mock = Mock::start(&context.work, 1).await?;
    let direct = Subject::direct(&mock);
    capacity::measure(context, sheet, DIRECT, &direct).await?;
    let ours = Subject::millrace(context, &mock, SLOTS, &[]).await?;
    capacity::measure(context, sheet, MILLRACE, &ours).await?;
    let mut subjects = vec![(MILLRACE, ours)];
    for name in PEERS.into_iter().filter(|_| context.peers) {
        tell(&format!("{name}: start"));
        match Subject::peer(context, &mock, name).await {
            Ok(subject) => {
                if let Err(error) = capacity::measure(context, sheet, name, &subject).await {
                    compare::missing(sheet, name, &format!("{error:#}"));
                }
                compare::version(sheet, name, subject.version());
                subject.rest();
                subjects.push((name, subject));
            }
            Err(why) => compare::missing(sheet, name, &why),
        }
    }
    let outcome = rounds(context, sheet, &direct, &subjects).await;
    for (_, subject) in subjects {
        subject.stop().await;
    }
    mock.stop().await;
    outcome
}

/// Directly and through each in turn.
async fn rounds(
    context: &Context,
    sheet: &mut Sheet,
    direct: &Subject,
    subjects: &[(&'static str, Subject)],
) -> anyhow::Result<()> {
    for round in 1..=context.scale.rounds() {
        tell(&format!("round {round}: times"));
        let peers = context.peers_in(sheet, "stream", round);
        let below = times(context, sheet, DIRECT, direct).await?;
        for (name, subject) in subjects.iter().filter(|(name, _)| peers || *name == MILLRACE) {
            subject.wake();
            let found = times(context, sheet, name, subject).await;
            subject.rest();
            match found {
                Ok(through) => add(sheet, name, &through, &below),
                Err(error) if *name == MILLRACE => return Err(error),
                Err(error) => compare::missing(sheet, name, &format!("{error:#}")),
            }
        }
    }
    Ok(())
}

fn add(sheet: &mut Sheet, name: &str, through: &Found, below: &Found) {
    let mut one = |what: &str, quantile, through, below| {
        sheet.pool(&added_row(name, what), quantile, through, Some(below));
    };
    one(FIRST, 0.5, &through.first, &below.first);
    one(FIRST_99, 0.99, &through.first, &below.first);
    one(WAY, 0.5, &through.way, &below.way);
    one(GAP_50, 0.5, &through.gap, &below.gap);
    one(GAP, 0.99, &through.gap, &below.gap);
}

/// Times of a few streams at once, and what their tokens cost.
async fn times(
    context: &Context,
    sheet: &mut Sheet,
    name: &str,
    subject: &Subject,
) -> anyhow::Result<Found> {
    let tokens = context.scale.pick(TOKENS, 4);
    let plan = Plan::steady(RATE, context.scale.lasting(4.0));
    let made = made(subject, CONNECTIONS).await?;
    let meter = Meter::start(subject.watched());
    let (measured, found) = streams(made, subject, tokens, plan).await?;
    let spent = meter.stop();
    let row = format!("{name}: time to the first token, p50");
    sheet.pool(&row, 0.5, &found.first, None);
    sheet.spent(&row, &spent, measured.done * u64::from(tokens));
    sheet.note(&row, "processor time is that of a token");
    Ok(found)
}

/// The upstream itself, by the name of its rows.
const DIRECT: &str = "direct";

/// What is added, in words.
const FIRST: &str = "time to the first token, p50";
const FIRST_99: &str = "time to the first token, p99";
const WAY: &str = "time of a token on its way, p50";
const GAP_50: &str = "gap between tokens, p50";
const GAP: &str = "gap between tokens, p99";

fn added_row(name: &str, what: &str) -> String {
    format!("{name}: added {what}")
}
