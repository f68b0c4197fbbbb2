//! What processes cost, from the operating system.

mod proc;

pub(crate) use self::proc::Memory;

use std::time::Duration;

/// A process under watch: its part in the system, and its id.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    /// For example `gateway`; the load itself is `load`.
    pub(crate) name: String,
    /// The process.
    pub(crate) pid: u32,
    /// Whether what it has started counts too.
    pub(crate) family: bool,
}

impl Watched {
    /// A process with all that it starts.
    pub(crate) fn family(name: &str, pid: u32) -> Self {
        Self { name: name.to_owned(), pid, family: true }
    }

    /// Its memory.
    pub(crate) fn memory(&self) -> Memory {
        self.find().memory()
    }

    /// The processes that it is of at this moment.
    pub(crate) fn find(&self) -> Pids {
        Pids(if self.family { proc::family(self.pid) } else { vec![self.pid] })
    }
}

/// Processes that were found once: looking for them again costs more than reading what they need.
#[derive(Clone, Debug)]
pub(crate) struct Pids(Vec<u32>);

impl Pids {
    /// All processes of these parts.
    pub(crate) fn of(parts: &[Watched]) -> Self {
        Self(parts.iter().flat_map(|part| part.find().0).collect())
    }

    /// What they hold at this moment, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        self.memory().resident_kib
    }

    fn memory(&self) -> Memory {
        let each = self.0.iter().filter_map(|pid| proc::memory(*pid));
        each.fold(Memory::default(), |sum, one| Memory {
            resident_kib: sum.resident_kib + one.resident_kib,
            peak_kib: sum.peak_kib + one.peak_kib,
        })
    }

    fn cpu(&self) -> Duration {
        self.0.iter().filter_map(|pid| proc::cpu_time(*pid)).sum()
    }

    fn forget_peaks(&self) {
        for pid in &self.0 {
            proc::forget_peak(*pid);
        }
    }
}

/// What one process spent.
#[derive(Clone, Debug)]
pub(crate) struct Spent {
    /// Its part.
    pub(crate) name: String,
    /// Time on a core, in user and system mode.
    pub(crate) cpu: Duration,
    /// Its memory now and at most.
    pub(crate) memory: Memory,
}

/// Measures from its start to its end.
pub(crate) struct Meter {
    begun: Vec<(Watched, Duration)>,
}

impl Meter {
    /// Begins; the most memory counts from here on. A process that is gone costs nothing.
    pub(crate) fn start(watched: Vec<Watched>) -> Self {
        let begun = watched.into_iter().map(|process| {
            let found = process.find();
            found.forget_peaks();
            (process, found.cpu())
        });
        Self { begun: begun.collect() }
    }

    /// Watches one more from its birth: what it has spent before counts.
    pub(crate) fn watch_from_birth(&mut self, process: Watched) {
        self.begun.push((process, Duration::ZERO));
    }

    /// Ends.
    pub(crate) fn stop(self) -> Vec<Spent> {
        let spent = self.begun.into_iter().map(|(process, before)| {
            let found = process.find();
            Spent {
                cpu: found.cpu().saturating_sub(before),
                memory: found.memory(),
                name: process.name,
            }
        });
        spent.collect()
    }
}

/// The name of the process that makes the load.
pub(crate) const LOAD: &str = "load";

/// This process, which makes the load.
pub(crate) fn load() -> Watched {
    // All that it measures descends from it.
    Watched { name: LOAD.to_owned(), pid: std::process::id(), family: false }
}
