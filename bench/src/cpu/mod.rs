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
        let each = self.pids().into_iter().filter_map(proc::memory);
        each.fold(Memory::default(), |sum, one| Memory {
            resident_kib: sum.resident_kib + one.resident_kib,
            peak_kib: sum.peak_kib + one.peak_kib,
        })
    }

    fn cpu(&self) -> Duration {
        self.pids().into_iter().filter_map(proc::cpu_time).sum()
    }

    fn pids(&self) -> Vec<u32> {
        if self.family { proc::family(self.pid) } else { vec![self.pid] }
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
    /// Begins. A process that is gone costs nothing.
    pub(crate) fn start(watched: Vec<Watched>) -> Self {
        let begun = watched.into_iter().map(|process| {
            let cpu = process.cpu();
            (process, cpu)
        });
        Self { begun: begun.collect() }
    }

    /// Watches one more from its birth: what it has spent before counts.
    pub(crate) fn watch_from_birth(&mut self, process: Watched) {
        self.begun.push((process, Duration::ZERO));
    }

    /// Ends.
    pub(crate) fn stop(self) -> Vec<Spent> {
        let spent = self.begun.into_iter().map(|(process, before)| Spent {
            cpu: process.cpu().saturating_sub(before),
            memory: process.memory(),
            name: process.name,
        });
        spent.collect()
    }
}

/// This process, which makes the load.
pub(crate) fn load() -> Watched {
    // All that it measures descends from it.
    Watched { name: "load".to_owned(), pid: std::process::id(), family: false }
}
