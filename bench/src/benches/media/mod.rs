//! Media: what a job costs on top of the tool that one would call by hand.
//!
//! A job is measured the whole way, from its submit to the answer with its result: stored, pulled, its file fetched,
//! worked on, looked at, stored. The tools read and write files in one folder and do nothing else.

mod film;
mod job;
mod seen;
mod tool;

use std::path::Path;

use crate::context::Context;
use crate::cpu::{Meter, Spent};
use crate::peers::set_up;
use crate::report::{Goal, Sheet};
use crate::system::{Engine, Role, Sync, System};
use crate::tell;

use self::job::Job;
use self::tool::{Timed, run_tool, version};

/// The width that the picture is brought to, from 4000.
const WIDTH: u32 = 1200;
/// Of the written picture.
const QUALITY: u32 = 85;
/// Pictures of one round.
const PICTURES: usize = 11;
/// Rounds of the film.
const FILM_ROUNDS: usize = 2;
/// What an operator sets whose films come one at a time: a job may use all cores.
const ALONE: [(&str, &str); 1] = [("worker.ffmpeg.slots", "1")];

const IMAGE: &str = "image.scale of a 4000×3000 JPEG, submit to answer";
const VIPS: &str = "vips thumbnail";
const FFMPEG_IMAGE: &str = "ffmpeg -vf scale";

/// Measures. A film takes long and varies little: two rounds are enough.
pub(crate) async fn run(context: &Context, sheet: &mut Sheet) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("media-").tempdir_in(&context.work)?;
    let folder = folder.path();
    tell("making a picture and a film");
    make_sources(context, folder).await?;
    let systems =
        Systems { usual: start(context, &[]).await?, alone: start(context, &ALONE).await? };
    let vips = if context.peers { set_up("vips").await } else { Ok(()) };
    let input = serde_json::json!({"width": WIDTH, "quality": QUALITY});
    let file = folder.join("picture.jpg");
    let mut picture = Job::prepare(&systems.usual, &file, "image.scale", input).await?;
    for round in 1..=context.scale.rounds() {
        tell(&format!("round {round}: picture"));
        image(context, sheet, &systems.usual, &mut picture, folder, vips.as_ref().err()).await?;
        if round <= FILM_ROUNDS {
            tell(&format!("round {round}: film"));
            film::measure(context, sheet, &systems, folder, round).await?;
        }
    }
    let Systems { usual, alone } = systems;
    usual.stop().await;
    alone.stop().await;
    Ok(())
}

/// Systems with an ffmpeg worker each.
struct Systems {
    /// As it is configured unless it is told otherwise.
    usual: System,
    /// Told to work on one film at a time.
    alone: System,
}

async fn start(context: &Context, settings: &[(&str, &str)]) -> anyhow::Result<System> {
    let mut system = context.system(Sync::Default, settings).await?;
    for role in [Role::Gateway, Role::Keeper, Role::Worker(Engine::Ffmpeg)] {
        system.add(role).await?;
    }
    Ok(system)
}

async fn image(
    context: &Context,
    sheet: &mut Sheet,
    system: &System,
    job: &mut Job,
    folder: &Path,
    no_vips: Option<&String>,
) -> anyhow::Result<()> {
    let count = context.scale.pick(PICTURES, 2);
    job.run().await?;
    let meter = Meter::start(system.watched());
    for _ in 0..count {
        let took = job.run().await?;
        sheet.add(IMAGE, "ms", took.as_secs_f64() * 1e3);
    }
    sheet.spent(IMAGE, &meter.stop(), count as u64);
    if !context.peers {
        return Ok(());
    }
    let width = WIDTH.to_string();
    let out = format!("vips.jpg[Q={QUALITY},strip]");
    let vips: &[&str] = &["thumbnail", "picture.jpg", &out, &width];
    match no_vips {
        Some(why) => sheet.missing(VIPS, "ms", why),
        None => tool(sheet, VIPS, "vips", vips, folder, count).await?,
    }
    let scale = format!("scale={width}:-1");
    let ffmpeg: &[&str] = &[
        "-nostdin",
        "-v",
        "error",
        "-y",
        "-i",
        "picture.jpg",
        "-vf",
        &scale,
        "-q:v",
        "3",
        "ffmpeg.jpg",
    ];
    tool(sheet, FFMPEG_IMAGE, "ffmpeg", ffmpeg, folder, count).await
}

/// Times a tool, after one call that does not count.
async fn tool(
    sheet: &mut Sheet,
    row: &str,
    program: &str,
    arguments: &[&str],
    folder: &Path,
    count: usize,
) -> anyhow::Result<()> {
    run_tool(program, arguments, folder).await?;
    for _ in 0..count {
        let timed = run_tool(program, arguments, folder).await?;
        sheet.add(row, "ms", timed.took.as_secs_f64() * 1e3);
        note_cpu(sheet, row, program, timed);
    }
    sheet.note(row, &version(program).await);
    let written = folder.join(format!("{program}.jpg"));
    if let Ok(file) = tokio::fs::metadata(written).await {
        sheet.remark(&format!("{program} wrote a picture of {} KiB", file.len() / 1024));
    }
    Ok(())
}

fn note_cpu(sheet: &mut Sheet, row: &str, program: &str, timed: Timed) {
    let spent = Spent { name: program.to_owned(), cpu: timed.cpu, memory: timed.memory };
    sheet.spent(row, &[spent], 1);
}

/// A picture with as much detail as a photo has, and a film of moving shapes with sound.
async fn make_sources(context: &Context, folder: &Path) -> anyhow::Result<()> {
    let (size, film, seconds) =
        context.scale.pick(("4000x3000", "1920x1080", "30"), ("400x300", "192x108", "1"));
    let picture = format!("testsrc2=s={size}:d=1:r=1,noise=alls=12");
    let picture: Vec<&str> =
        ["-f", "lavfi", "-i", &picture, "-frames:v", "1", "-q:v", "3", "picture.jpg"].into();
    let shapes = format!("testsrc2=s={film}:r=30:d={seconds}");
    let sound = format!("sine=f=440:d={seconds}");
    let film =
        ["-f", "lavfi", "-i", &shapes, "-f", "lavfi", "-i", &sound, "-c:v", "libx264", "-preset"];
    let written = ["ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "mp4", "in.bin"];
    let film: Vec<&str> = film.into_iter().chain(written).collect();
    for made in [picture, film] {
        let quiet = ["-nostdin", "-v", "error", "-y"];
        let arguments: Vec<&str> = quiet.into_iter().chain(made).collect();
        run_tool("ffmpeg", &arguments, folder).await?;
    }
    Ok(())
}

/// States what the rows are compared with and what they are to reach.
pub(crate) fn state_goals(context: &Context, sheet: &mut Sheet) {
    if context.peers {
        sheet.against(IMAGE, VIPS);
        for tool in [VIPS, FFMPEG_IMAGE] {
            sheet.goal(IMAGE, Goal::below(tool));
        }
        film::state_goals(sheet);
    }
}
