//! What Millrace adds to streamed tokens, how many streams it carries, and what each one costs in memory.

mod capacity;
mod compare;
mod reader;
mod streams;

use crate::context::Context;
use crate::load::Plan;
use crate::mock::TOKENS;
use crate::report::Sheet;
use crate::system::Mock;
use crate::tell;

use self::streams::{Found, streams};
use super::subject::{MILLRACE, PEERS, Subject};

/// New streams a second while times are measured, and the connections for them: about a dozen stream at once.
const RATE: f64 = 10.0;
const CONNECTIONS: usize = 40;
/// Chats that the worker runs at once: more than are ever open.
const SLOTS: usize = 1_200;

/// Measures.
pub(crate) async fn run(context: &Context) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::default();
    let mock = Mock::start(&context.work, 1).await?;
    let direct = Subject::direct(&mock);
    tell("direct");
    capacity::measure(context, &mut sheet, "direct", &direct).await?;
    tell(MILLRACE);
    let millrace = Subject::millrace(context, &mock, SLOTS).await?;
    all(context, &mut sheet, MILLRACE, &millrace, &direct).await?;
    millrace.stop().await;
    for peer in PEERS.into_iter().filter(|_| context.peers) {
        tell(peer);
        match Subject::peer(context, &mock, peer).await {
            Ok(subject) => {
                let measured = all(context, &mut sheet, peer, &subject, &direct).await;
                compare::version(&mut sheet, peer, subject.version());
                subject.stop().await;
                if let Err(error) = measured {
                    compare::missing(&mut sheet, peer, &format!("{error:#}"));
                }
            }
            Err(why) => compare::missing(&mut sheet, peer, &why),
        }
    }
    mock.stop().await;
    compare::state_goals(&mut sheet, context.peers);
    Ok(sheet)
}

async fn all(
    context: &Context,
    sheet: &mut Sheet,
    name: &str,
    subject: &Subject,
    direct: &Subject,
) -> anyhow::Result<()> {
    for _ in 0..context.scale.rounds() {
        let below = times(context, direct).await?;
        let through = times(context, subject).await?;
        let mut added = |what: &str, through: f64, below: f64| {
            sheet.add(&added_row(name, what), "ms", through - below);
        };
        added(FIRST, through.first.ms(0.5), below.first.ms(0.5));
        added(FIRST_99, through.first.ms(0.99), below.first.ms(0.99));
        added(WAY, through.way.ms(0.5), below.way.ms(0.5));
        added(GAP, through.gap.ms(0.99), below.gap.ms(0.99));
    }
    capacity::measure(context, sheet, name, subject).await
}

/// Times of a few streams at once.
async fn times(context: &Context, subject: &Subject) -> anyhow::Result<Found> {
    let scale = context.scale;
    // The first streams open the connections.
    streams(subject, 4, 4, Plan::steady(RATE, scale.lasting(0.4))).await?;
    let tokens = scale.pick(TOKENS, 4);
    let plan = Plan::steady(RATE, scale.lasting(4.0));
    let (_, found) = streams(subject, CONNECTIONS, tokens, plan).await?;
    Ok(found)
}

/// What is added, in words.
const FIRST: &str = "time to the first token, p50";
const FIRST_99: &str = "time to the first token, p99";
const WAY: &str = "time of a token on its way, p50";
const GAP: &str = "gap between tokens, p99";

fn added_row(name: &str, what: &str) -> String {
    format!("{name}: added {what}")
}
