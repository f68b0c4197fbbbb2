//! Whether a long queue makes anything slower: the same few requests while 1 thousand, 100 thousand and 1 million jobs
//! are queued.

mod take;

use serde_json::json;

use super::fill::fill;
use super::probe;
use crate::context::Context;
use crate::report::{Goal, Sheet};
use crate::system::{Role, Sync, System};
use crate::tell;

/// Queued jobs, step by step.
const STEPS: [usize; 3] = [1_000, 100_000, 1_000_000];
/// Those of a trial.
const TRIAL: [usize; 3] = [100, 200, 400];
/// The default limits hold a million jobs, but not one more, nor the bytes of their events.
const LIMITS: [(&str, &str); 3] = [
    ("nats.limits.jobs_messages", "1200000"),
    ("nats.limits.jobs_bytes", "4GB"),
    ("nats.limits.events_bytes", "4GB"),
];
/// How many times slower than with the shortest queue.
const MOST: f64 = 1.5;

/// What is measured at each step.
const FIGURES: [(&str, &str); 8] = [
    ("submit p50", "ms"),
    ("submit p99", "ms"),
    ("pull p50", "ms"),
    ("pull p99", "ms"),
    ("status p50", "ms"),
    ("status p99", "ms"),
    ("memory of the broker", "MiB"),
    ("memory of the keeper", "MiB"),
];
/// Those that must not get slower.
const STEADY: [&str; 3] = ["submit p50", "pull p50", "status p50"];

/// Measures.
pub(crate) async fn run(context: &Context) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::default();
    let mut system = context.system(Sync::Default, &LIMITS).await?;
    system.add(Role::Gateway).await?;
    system.add(Role::Keeper).await?;
    let steps = context.scale.pick(STEPS, TRIAL);
    let (mut queued, mut known) = (0, Vec::new());
    for step in steps {
        tell(&format!("{step} jobs: fill"));
        known.extend(fill(&system, &job(), step - queued).await?);
        system.is_recorded().await?;
        tell(&format!("{step} jobs: measure"));
        for _ in 0..context.scale.rounds() {
            measure(context, &mut sheet, &system, step, &known).await?;
        }
        queued = step;
    }
    system.stop().await;
    for (figure, _) in FIGURES {
        for step in &steps[1..] {
            sheet.against(&row(figure, *step), &row(figure, steps[0]));
        }
        if STEADY.contains(&figure) {
            sheet.goal(&row(figure, steps[2]), Goal::at_most(MOST).of(&row(figure, steps[0])));
        }
    }
    sheet.note(
        &row("submit p50", steps[2]),
        "limits of the streams raised: 1.2 million messages, 4 GB",
    );
    Ok(sheet)
}

async fn measure(
    context: &Context,
    sheet: &mut Sheet,
    system: &System,
    step: usize,
    known: &[String],
) -> anyhow::Result<()> {
    let submit = probe::submit(context, system, &job()).await?;
    let pull = take::pulls(system, context.scale.pick(300, 20)).await?;
    let status = probe::status(context, system, known).await?;
    let resident = |part: &str| -> anyhow::Result<f64> {
        Ok(system.part(part)?.memory().resident_kib as f64 / 1024.0)
    };
    let values = [
        submit.ms(0.5),
        submit.ms(0.99),
        pull.ms(0.5),
        pull.ms(0.99),
        status.ms(0.5),
        status.ms(0.99),
        resident("nats")?,
        resident("keeper")?,
    ];
    for ((figure, unit), value) in FIGURES.into_iter().zip(values) {
        sheet.add(&row(figure, step), unit, value);
    }
    Ok(())
}

fn job() -> serde_json::Value {
    json!({"operation": "diagnostic.echo", "input": {"a": "x".repeat(100)}, "lane": "normal"})
}

fn row(figure: &str, step: usize) -> String {
    format!("{figure}, {step} queued")
}
