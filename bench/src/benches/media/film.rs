//! A film: as it comes, with a setting for one film at a time, and by ffmpeg called by hand.

use std::path::Path;

use crate::context::Context;
use crate::cpu::Meter;
use crate::report::{Goal, Sheet, cores};
use crate::system::System;

use super::job::Job;
use super::tool::{run_tool, version};
use super::{Systems, note_cpu, seen};

/// How many times what ffmpeg takes a film may take.
const SHARE: f64 = 1.1;

const ALONE: &str =
    "video.convert of 30 s at 1080p, submit to answer, worker.ffmpeg.slots = 1: one film at a time";
const USUAL: &str = "video.convert of the same, default settings: two films at a time";
const FFMPEG: &str = "ffmpeg as one calls it: same codecs and quality, threads as it likes";
const SAME: &str = "ffmpeg with the very arguments of the default settings";

/// One round. The default settings, on which no goal hangs, take part in the first only.
pub(super) async fn measure(
    context: &Context,
    sheet: &mut Sheet,
    systems: &Systems,
    folder: &Path,
    round: usize,
) -> anyhow::Result<()> {
    let line = one(sheet, ALONE, &systems.alone, folder).await?;
    if context.peers {
        by_hand(sheet, FFMPEG, &as_one_calls_it(&line), folder).await?;
    }
    if round == 1 {
        let line = one(sheet, USUAL, &systems.usual, folder).await?;
        sheet.note(USUAL, &told(&line));
        if context.peers {
            by_hand(sheet, SAME, &line, folder).await?;
        }
    }
    Ok(())
}

/// One film through a system; gives how its worker called ffmpeg.
async fn one(
    sheet: &mut Sheet,
    row: &str,
    system: &System,
    folder: &Path,
) -> anyhow::Result<Vec<String>> {
    let input = serde_json::json!({"format": "mp4", "quality": 75});
    let mut job = Job::prepare(system, &folder.join("in.bin"), "video.convert", input).await?;
    let meter = Meter::start(system.watched());
    let worker = system.part("worker")?.pid;
    let (took, line) = tokio::join!(job.run(), seen::ffmpeg_line(worker));
    sheet.add(row, "s", took?.as_secs_f64());
    sheet.spent(row, &meter.stop(), 1);
    line
}

async fn by_hand(
    sheet: &mut Sheet,
    row: &str,
    line: &[String],
    folder: &Path,
) -> anyhow::Result<()> {
    let arguments: Vec<&str> = line.iter().map(String::as_str).collect();
    let timed = run_tool("ffmpeg", &arguments, folder).await?;
    sheet.add(row, "s", timed.took.as_secs_f64());
    note_cpu(sheet, row, "ffmpeg", timed);
    sheet.note(row, &version("ffmpeg").await);
    Ok(())
}

/// How many threads an encoder was given.
fn told(line: &[String]) -> String {
    let words: Vec<String> =
        line.windows(2).filter(|pair| is_threads(&pair[0])).map(|pair| pair.join(" ")).collect();
    format!("the worker says {} on {} cores", words.join(", "), cores())
}

/// The same work without a word about threads.
fn as_one_calls_it(line: &[String]) -> Vec<String> {
    let mut words = line.iter();
    let mut kept = Vec::new();
    while let Some(word) = words.next() {
        if is_threads(word) {
            words.next();
        } else {
            kept.push(word.clone());
        }
    }
    kept
}

fn is_threads(word: &str) -> bool {
    word.starts_with('-') && word.split(':').next().is_some_and(|word| word.ends_with("threads"))
}

/// States what the rows are compared with and what they are to reach.
pub(super) fn state_goals(sheet: &mut Sheet) {
    sheet.against(ALONE, FFMPEG);
    sheet.goal(ALONE, Goal::at_most(SHARE).of(FFMPEG));
    sheet.against(USUAL, SAME);
    sheet.against(SAME, FFMPEG);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_who_calls_ffmpeg_limits_its_threads() {
        let line = ["-y", "-threads", "1", "-i", "in.bin", "-filter_threads", "1", "out.mp4"];
        let line = line.map(str::to_owned);
        assert_eq!(as_one_calls_it(&line), ["-y", "-i", "in.bin", "out.mp4"]);
        assert!(told(&line).contains("-threads 1, -filter_threads 1 on"));
    }
}
