//! What Millrace adds to a synchronous chat over calling the upstream directly.

mod compare;
mod rows;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

pub(crate) use self::compare::state_goals;

use super::call::Call;
use super::subject::{MILLRACE, PEERS, Subject};
use crate::context::Context;
use crate::cpu::{Meter, Spent};
use crate::load::{Measured, Plan, closed, open};
use crate::raw;
use crate::report::Sheet;
use crate::system::{Mock, Sync, System};
use crate::tell;

/// Bodies of a chat, in KiB.
const BODIES: [usize; 2] = [1, 32];
/// Connections, and how many chats a second come over all of them: few enough for every subject to keep up with.
const LOADS: [(usize, f64); 2] = [(1, 100.0), (32, 200.0)];
/// Chats that the worker runs at once.
const SLOTS: usize = 64;
/// Millrace as it logs unless it is told otherwise.
const LOGGING: &str = "Millrace, default log level";

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

/// One who is called, and in which cases.
struct Entry {
    name: &'static str,
    subject: Subject,
    small_only: bool,
}

/// Measures. All are started first and then called in turn, so that what is compared is measured within seconds.
pub(crate) async fn run(context: &Context, sheet: &mut Sheet) -> anyhow::Result<()> {
    let mock = Mock::start(&context.work, 1).await?;
    let limit = context.system(Sync::Default, &[]).await?;
    let direct = Subject::direct(&mock);
    let ours = Subject::millrace(context, &mock, SLOTS, &[]).await?;
    let info = [("telemetry.log", "info")];
    let logging = Subject::millrace(context, &mock, SLOTS, &info).await?;
    let mut entries = vec![
        Entry { name: MILLRACE, subject: ours, small_only: false },
        Entry { name: LOGGING, subject: logging, small_only: true },
    ];
    let mut absent = BTreeMap::new();
    for name in PEERS.into_iter().filter(|_| context.peers) {
        tell(&format!("{name}: start"));
        match Subject::peer(context, &mock, name).await {
            Ok(subject) => {
                subject.rest();
                entries.push(Entry { name, subject, small_only: false });
            }
            Err(why) => {
                absent.insert(name, why);
            }
        }
    }
    let outcome = rounds(context, sheet, &limit, &direct, &entries).await;
    for (name, why) in absent {
        compare::missing(sheet, name, &why);
    }
    for Entry { name, subject, .. } in entries {
        compare::version(sheet, name, subject.version());
        subject.stop().await;
    }
    limit.stop().await;
    mock.stop().await;
    outcome
}

async fn rounds(
    context: &Context,
    sheet: &mut Sheet,
    limit: &System,
    direct: &Subject,
    entries: &[Entry],
) -> anyhow::Result<()> {
    for round in 1..=context.scale.rounds() {
        let peers = context.peers_in(sheet, "sync", round);
        for case in Case::all() {
            tell(&format!("round {round}: {case}"));
            raw_round(context, sheet, limit, case).await?;
            let below = times(context, direct, case).await?;
            note_times(sheet, "direct", case, &below);
            let idle_below = if case.connections == 1 {
                Some(back_to_back(context, direct, case).await?)
            } else {
                None
            };
            for entry in entries {
                let ours = entry.name == MILLRACE || entry.name == LOGGING;
                let fits = !entry.small_only || (case.kib == 1 && case.connections == 1);
                if !fits || !(ours || peers) {
                    continue;
                }
                entry.subject.wake();
                let measured = one(context, sheet, entry, case, &below, idle_below.as_ref()).await;
                entry.subject.rest();
                match measured {
                    Err(error) if ours => return Err(error),
                    Err(error) => compare::missing(sheet, entry.name, &format!("{error:#}")),
                    Ok(()) => {}
                }
            }
        }
    }
    Ok(())
}

/// The limit: request and reply of NATS, there and back once.
async fn raw_round(
    context: &Context,
    sheet: &mut Sheet,
    limit: &System,
    case: Case,
) -> anyhow::Result<()> {
    let plan = case.plan(context.scale.lasting(1.0));
    let (size, warm_up) = (case.kib * 1024, context.scale.warm_up() / 2);
    let found =
        raw::request_reply(&limit.broker, case.connections, size, warm_up, plan).await?.latencies;
    sheet.pool(&rows::limit(case, 50), 0.5, &found, None);
    sheet.pool(&rows::limit(case, 99), 0.99, &found, None);
    Ok(())
}

/// One subject in one case: what it adds to the direct calls of the same minute.
async fn one(
    context: &Context,
    sheet: &mut Sheet,
    entry: &Entry,
    case: Case,
    below: &Called,
    idle_below: Option<&Called>,
) -> anyhow::Result<()> {
    let (name, subject) = (entry.name, &entry.subject);
    let through = times(context, subject, case).await?;
    note_times(sheet, name, case, &through);
    for (percent, quantile) in [(50, 0.5), (99, 0.99)] {
        let row = rows::added(name, case, percent);
        sheet.pool(&row, quantile, &through.times.latencies, Some(&below.times.latencies));
    }
    let through = back_to_back(context, subject, case).await?;
    let done = through.times.done;
    let row = if let Some(below) = idle_below {
        for (percent, quantile) in [(50, 0.5), (99, 0.99)] {
            let row = rows::busy(name, case, percent);
            sheet.pool(&row, quantile, &through.times.latencies, Some(&below.times.latencies));
        }
        rows::busy(name, case, 50)
    } else {
        let row = rows::most(name, case);
        sheet.add(&row, "chats/s", through.times.per_second());
        row
    };
    sheet.spent(&row, &through.spent, done);
    let own: Vec<String> = subject.own().into_iter().map(|process| process.name).collect();
    let own = through.spent.iter().filter(|spent| own.contains(&spent.name));
    let us = own.map(|spent| spent.cpu.as_secs_f64() * 1e6).sum::<f64>() / done.max(1) as f64;
    sheet.add(&rows::cost(name, case), "µs", us);
    Ok(())
}

fn note_times(sheet: &mut Sheet, name: &str, case: Case, called: &Called) {
    let row = rows::plain(name, case);
    sheet.pool(&row, 0.5, &called.times.latencies, None);
    sheet.spent(&row, &called.spent, called.times.done);
}

/// What calls found and cost.
struct Called {
    times: Measured,
    spent: Vec<Spent>,
}

/// Calls at a steady rate.
async fn times(context: &Context, subject: &Subject, case: Case) -> anyhow::Result<Called> {
    let (calls, _) = closed(calls(subject, case), context.scale.warm_up() / 2).await;
    let meter = Meter::start(subject.watched());
    let (_, measured) = open(calls, case.plan(context.scale.lasting(2.0))).await;
    let spent = meter.stop();
    Ok(Called { times: measured.faultless("chats at a steady rate")?, spent })
}

/// Every connection asks again as soon as it is answered.
async fn back_to_back(context: &Context, subject: &Subject, case: Case) -> anyhow::Result<Called> {
    let (calls, _) = closed(calls(subject, case), context.scale.warm_up() / 2).await;
    let meter = Meter::start(subject.watched());
    let (_, measured) = closed(calls, context.scale.lasting(1.5)).await;
    let spent = meter.stop();
    Ok(Called { times: measured.faultless("chats back to back")?, spent })
}

fn calls(subject: &Subject, case: Case) -> Vec<Call> {
    let request = subject.chat(&case.body(&subject.model));
    Call::many(case.connections, || Call::new(subject.address, request.clone(), 200, 1))
}
