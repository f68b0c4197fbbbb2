//! The arguments with which a worker calls ffmpeg, seen while it runs: what is called by hand is to do the same.

use std::time::Duration;

use tokio::time::Instant;

/// How long a worker may take to call ffmpeg.
const PATIENCE: Duration = Duration::from_secs(20);
/// The file that the worker's ffmpeg reads.
const SOURCE: &str = "file:in.bin";

/// Waits until a process below `worker` runs ffmpeg on a film, and gives its arguments.
pub(super) async fn ffmpeg_line(worker: u32) -> anyhow::Result<Vec<String>> {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(line) = look(worker) {
            return Ok(line);
        }
        anyhow::ensure!(Instant::now() < until, "the worker was not seen to call ffmpeg");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn look(worker: u32) -> Option<Vec<String>> {
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| descends(*pid, worker)).find_map(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        arguments(&String::from_utf8_lossy(&line))
    })
}

/// The arguments of a command line, its words ended by NUL, if it is that of ffmpeg itself.
fn arguments(line: &str) -> Option<Vec<String>> {
    let mut words = line.split_terminator('\0').map(str::to_owned);
    let program = words.next()?;
    let words: Vec<String> = words.collect();
    let reads = words.iter().any(|word| word == SOURCE);
    (program.rsplit('/').next() == Some("ffmpeg") && reads).then_some(words)
}

fn descends(mut pid: u32, from: u32) -> bool {
    // No chain of ours is longer.
    for _ in 0..8 {
        match parent(pid) {
            Some(parent) if parent == from => return true,
            Some(parent) if parent > 1 => pid = parent,
            _ => return false,
        }
    }
    false
}

fn parent(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold blanks and brackets: it ends with the last closing one.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_tool_is_told_from_that_of_its_sandbox() {
        let line = "/usr/bin/ffmpeg\0-y\0-i\0file:in.bin\0file:output.mp4\0";
        let found = arguments(line).unwrap();
        assert_eq!(found, ["-y", "-i", "file:in.bin", "file:output.mp4"]);
        assert_eq!(arguments("/usr/bin/bwrap\0--\0/usr/bin/ffmpeg\0-i\0file:in.bin\0"), None);
        assert_eq!(arguments("/usr/bin/ffmpeg\0-version\0"), None);
    }

    #[test]
    fn a_process_descends_from_its_parent() {
        let here = std::process::id();
        assert!(descends(here, parent(here).unwrap()));
        assert!(!descends(here, here));
    }
}
