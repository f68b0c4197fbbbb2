//! How long each role takes to be ready, and what it needs when it has nothing to do.

use std::time::Duration;

use tokio::time::Instant;

use crate::context::Context;
use crate::cpu::Watched;
use crate::http::{Connection, request};
use crate::report::{Goal, Sheet};
use crate::system::{Engine, Process, Role, Sync, programs};

/// How long `up` may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest start and most idle memory of a role.
const SECONDS: f64 = 1.0;
const MIB: f64 = 30.0;
/// What `up` has beside itself.
const UP: &str = "up";

fn roles() -> [Role; 4] {
    let worker = Role::Worker(Engine::Diagnostic { slots: 16 });
    [Role::Gateway, Role::Keeper, Role::Dispatcher, worker]
}

/// Measures.
pub(crate) async fn run(context: &Context, sheet: &mut Sheet) -> anyhow::Result<()> {
    let roles = roles();
    for _ in 0..context.scale.rounds() {
        let mut system = context.system(Sync::Default, &[]).await?;
        for role in &roles {
            let took = system.add(role.clone()).await?;
            sheet.add(&ready_row(role.word()), "s", took.as_secs_f64());
        }
        idle(context).await;
        for role in &roles {
            let memory = resident_mib(&system.part(role.word())?);
            sheet.add(&memory_row(role.word()), "MiB", memory);
        }
        sheet.add("idle memory, nats-server", "MiB", resident_mib(&system.part("nats")?));
        system.stop().await;
        up(context, sheet).await?;
    }
    Ok(())
}

/// States what the rows are compared with and what they are to reach.
pub(crate) fn state_goals(_: &Context, sheet: &mut Sheet) {
    for role in &roles() {
        let (ready, memory) = (ready_row(role.word()), memory_row(role.word()));
        sheet.goal(&ready, Goal::at_most(SECONDS));
        sheet.goal(&memory, Goal::at_most(MIB));
        if *role != Role::Gateway {
            sheet.against(&ready, &ready_row(Role::Gateway.word()));
            sheet.against(&memory, &memory_row(Role::Gateway.word()));
        }
    }
    sheet.against(&ready_row(UP), &ready_row(Role::Gateway.word()));
    sheet.note(&ready_row(UP), "all roles and a nats-server of its own, on an empty folder");
}

/// `millrace up` in an empty folder.
async fn up(context: &Context, sheet: &mut Sheet) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("up-").tempdir_in(&context.work)?;
    let port = programs::free_port()?;
    let data = folder.path().join("data").display().to_string();
    let listen = format!("127.0.0.1:{port}");
    let arguments = [UP, "--data-dir", &data, "--listen", &listen, "--diagnostic"];
    let log = ("MILLRACE_TELEMETRY__LOG".to_owned(), "warn".to_owned());
    let begun = Instant::now();
    let mut process = Process::start(UP, &programs::millrace()?, &arguments, [log], folder.path())?;
    let ready = request("GET", "/readyz", "", b"");
    process
        .wait_for(PATIENCE, async |_| {
            let answer = Connection::new(([127, 0, 0, 1], port).into()).call(&ready).await;
            answer.is_ok_and(|answer| answer.status == 200).then_some(())
        })
        .await?;
    sheet.add(&ready_row(UP), "s", begun.elapsed().as_secs_f64());
    idle(context).await;
    sheet.add("idle memory, up with its nats-server", "MiB", resident_mib(&process.watched()));
    process.stop().await;
    Ok(())
}

/// What the start has left behind is given back meanwhile.
async fn idle(context: &Context) {
    tokio::time::sleep(context.scale.lasting(4.0)).await;
}

fn resident_mib(process: &Watched) -> f64 {
    process.memory().resident_kib as f64 / 1024.0
}

fn ready_row(word: &str) -> String {
    format!("exec to ready, {word}")
}

fn memory_row(word: &str) -> String {
    format!("idle memory, {word}")
}
