//! What Millrace adds to a synchronous chat over calling the upstream directly.

mod compare;

use std::time::Duration;

use serde_json::json;

use super::call::Call;
use super::subject::{MILLRACE, PEERS, Subject};
use crate::context::Context;
use crate::cpu::{Meter, Spent};
use crate::load::{Measured, Plan, closed, open};
use crate::raw;
use crate::report::Sheet;
use crate::system::{Mock, Sync};
use crate::tell;

/// Bodies of a chat, in KiB.
const BODIES: [usize; 2] = [1, 32];
/// Connections, and how many chats a second come over all of them: few enough for every subject to keep up with.
const LOADS: [(usize, f64); 2] = [(1, 100.0), (32, 200.0)];
/// Chats that the worker runs at once.
const SLOTS: usize = 64;

/// One way of calling.
#[derive(Clone, Copy)]
struct Case {
    kib: usize,
    connections: usize,
    rate: f64,
}

impl Case {
    fn all() -> impl Iterator<Item = Self> {
        BODIES.into_iter().flat_map(|kib| {
            LOADS.into_iter().map(move |(connections, rate)| Self { kib, connections, rate })
        })
    }

    fn body(self, model: &str) -> serde_json::Value {
        json!({"model": model, "messages": [{"role": "user", "content": "x".repeat(self.kib * 1024 - 100)}]})
    }

    fn plan(self, lasting: Duration) -> Plan {
        Plan::steady(self.rate, lasting)
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = if self.connections == 1 { "" } else { "s" };
        write!(f, "{} KiB, {} connection{plural}", self.kib, self.connections)
    }
}

/// Measures.
pub(crate) async fn run(context: &Context) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::default();
    let mock = Mock::start(&context.work, 1).await?;
    limit(context, &mut sheet).await?;
    tell(MILLRACE);
    let millrace = Subject::millrace(context, &mock, SLOTS).await?;
    rounds(context, &mut sheet, &mock, MILLRACE, &millrace).await?;
    millrace.stop().await;
    for peer in PEERS.into_iter().filter(|_| context.peers) {
        tell(peer);
        match Subject::peer(context, &mock, peer).await {
            Ok(subject) => {
                let measured = rounds(context, &mut sheet, &mock, peer, &subject).await;
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

/// The limit: request and reply of NATS, there and back once.
async fn limit(context: &Context, sheet: &mut Sheet) -> anyhow::Result<()> {
    let system = context.system(Sync::Default, &[]).await?;
    for _ in 0..context.scale.rounds() {
        for case in Case::all() {
            let plan = case.plan(context.scale.lasting(1.0));
            let size = case.kib * 1024;
            let (broker, warm_up) = (&system.broker, context.scale.warm_up());
            let found = raw::request_reply(broker, case.connections, size, warm_up, plan).await?;
            sheet.add(&limit_row(case, 50), "ms", found.latencies.ms(0.5));
            sheet.add(&limit_row(case, 99), "ms", found.latencies.ms(0.99));
        }
    }
    system.stop().await;
    Ok(())
}

/// Every round measures the upstream directly, too: what is added is the difference of neighbours.
async fn rounds(
    context: &Context,
    sheet: &mut Sheet,
    mock: &Mock,
    name: &str,
    subject: &Subject,
) -> anyhow::Result<()> {
    let direct = Subject::direct(mock);
    for _ in 0..context.scale.rounds() {
        for case in Case::all() {
            let below = times(context, sheet, &direct, case, &format!("direct: {case}")).await?;
            let through = times(context, sheet, subject, case, &format!("{name}: {case}")).await?;
            sheet.add(&added_row(name, case, 50), "ms", through.0 - below.0);
            sheet.add(&added_row(name, case, 99), "ms", through.1 - below.1);
            let through = back_to_back(context, subject, case).await?;
            if case.connections > 1 {
                let row = most_row(name, case);
                sheet.add(&row, "chats/s", through.0.per_second());
                sheet.spent(&row, &through.1, through.0.done);
            } else {
                let below = back_to_back(context, &direct, case).await?.0.latencies;
                let added = |quantile| through.0.latencies.ms(quantile) - below.ms(quantile);
                sheet.add(&busy_row(name, case, 50), "ms", added(0.5));
                sheet.add(&busy_row(name, case, 99), "ms", added(0.99));
                sheet.spent(&busy_row(name, case, 50), &through.1, through.0.done);
            }
        }
    }
    Ok(())
}

/// The median and the 99th of 100 at a steady rate, in milliseconds.
async fn times(
    context: &Context,
    sheet: &mut Sheet,
    subject: &Subject,
    case: Case,
    row: &str,
) -> anyhow::Result<(f64, f64)> {
    let (calls, _) = closed(calls(subject, case), context.scale.warm_up() / 2).await;
    let meter = Meter::start(subject.watched());
    let (_, measured) = open(calls, case.plan(context.scale.lasting(2.0))).await;
    let spent = meter.stop();
    let measured = measured.faultless(row)?;
    let (half, most) = (measured.latencies.ms(0.5), measured.latencies.ms(0.99));
    let row = format!("{row}, p50");
    sheet.add(&row, "ms", half);
    sheet.spent(&row, &spent, measured.done);
    Ok((half, most))
}

/// Every connection asks again as soon as it is answered.
async fn back_to_back(
    context: &Context,
    subject: &Subject,
    case: Case,
) -> anyhow::Result<(Measured, Vec<Spent>)> {
    let (calls, _) = closed(calls(subject, case), context.scale.warm_up() / 2).await;
    let meter = Meter::start(subject.watched());
    let (_, measured) = closed(calls, context.scale.lasting(1.5)).await;
    let spent = meter.stop();
    Ok((measured.faultless("chats back to back")?, spent))
}

fn calls(subject: &Subject, case: Case) -> Vec<Call> {
    let request = subject.chat(&case.body(&subject.model));
    Call::many(case.connections, || Call::new(subject.address, request.clone(), 200, 1))
}

fn added_row(name: &str, case: Case, percent: u32) -> String {
    format!("{name}: added p{percent}, {case}")
}

fn busy_row(name: &str, case: Case, percent: u32) -> String {
    format!("{name}: added p{percent}, {case}, back to back")
}

fn most_row(name: &str, case: Case) -> String {
    format!("{name}: most, {case}")
}

fn limit_row(case: Case, percent: u32) -> String {
    format!("core NATS request and reply: p{percent}, {case}")
}
