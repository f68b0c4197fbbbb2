//! On what was measured.

use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};

/// How often a write is synced to see what that takes here.
const SYNCS: usize = 20;
/// More than this share of the processor time of a bench taken by others of the host is told.
const STOLEN: f64 = 0.02;

/// The machine and the programs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// The processor's name.
    pub(crate) processor: String,
    /// Cores that this process may use.
    pub(crate) cores: usize,
    /// Memory in GiB.
    pub(crate) memory_gib: f64,
    /// The kernel's release.
    pub(crate) kernel: String,
    /// Version of the broker.
    pub(crate) nats_server: String,
    /// Version of Millrace.
    pub(crate) millrace: String,
    /// The median of writing and syncing 4 KiB where the data of the systems lies, in milliseconds.
    #[serde(default)]
    pub(crate) fsync_ms: Option<f64>,
}

impl Machine {
    /// Looks at this one; syncs are tried below `work`.
    pub(crate) fn here(work: &Path) -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
        };
        let kib = field(&read("/proc/meminfo"), "MemTotal")
            .and_then(|value| value.split_whitespace().next()?.parse::<f64>().ok());
        Self {
            processor: field(&read("/proc/cpuinfo"), "model name").unwrap_or_default(),
            cores: cores(),
            memory_gib: (kib.unwrap_or_default() / 104_857.6).round() / 10.0,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            nats_server: version_of(&crate::system::programs::nats_server()),
            millrace: env!("CARGO_PKG_VERSION").to_owned(),
            fsync_ms: fsync_ms(work),
        }
    }
}

/// Cores that this process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, std::num::NonZero::get)
}

/// The median of a few synced writes; `None` where that does not work.
fn fsync_ms(folder: &Path) -> Option<f64> {
    let mut file = tempfile::tempfile_in(folder).ok()?;
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let begun = Instant::now();
        file.write_all(&[b'x'; 4096]).ok()?;
        file.sync_data().ok()?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    super::sheet::median(&times)
}

/// What the host has taken from this machine since some moment.
pub(crate) struct Steal {
    begun: Option<(u64, u64)>,
}

impl Steal {
    /// Begins to look.
    pub(crate) fn watch() -> Self {
        Self { begun: times() }
    }

    /// A warning when it was much.
    pub(crate) fn warning(&self) -> Option<String> {
        let ((stolen, all), (stolen_then, all_then)) = (times()?, self.begun?);
        let share = stolen.saturating_sub(stolen_then) as f64
            / (all.saturating_sub(all_then).max(1)) as f64;
        (share > STOLEN).then(|| {
            format!("the host took {:.0} % of the processor time meanwhile", share * 100.0)
        })
    }
}

/// Stolen and all time of all cores, in ticks.
fn times() -> Option<(u64, u64)> {
    parse_times(&std::fs::read_to_string("/proc/stat").ok()?)
}

fn parse_times(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    // What comes after the eighth is guests', and in the others already.
    let fields: Vec<u64> =
        line.split_whitespace().take(8).filter_map(|field| field.parse().ok()).collect();
    Some((*fields.get(7)?, fields.iter().sum()))
}

/// The last word that a program says about its version.
fn version_of(program: &Path) -> String {
    let said = std::process::Command::new(program).arg("--version").output();
    let text = said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.unwrap_or_default().split_whitespace().last().unwrap_or("unknown").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stolen_time_is_the_eighth_figure() {
        assert_eq!(parse_times("cpu  1 2 3 4 5 6 7 8 9 9\ncpu0 1\n"), Some((8, 36)));
        assert_eq!(parse_times("nothing"), None);
    }
}
