//! What processes cost, from the operating system.

mod proc;

pub(crate) use self::proc::{Memory, cpu_time, memory};

use std::time::Duration;

/// A process under watch: its part in the system, and its id.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    /// For example `gateway`; the load itself is `load`.
    pub(crate) name: String,
    /// The process.
    pub(crate) pid: u32,
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
            let cpu = cpu_time(process.pid).unwrap_or_default();
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
            cpu: cpu_time(process.pid).unwrap_or(before).saturating_sub(before),
            memory: memory(process.pid).unwrap_or_default(),
            name: process.name,
        });
        spent.collect()
    }
}

/// This process, which makes the load.
pub(crate) fn load() -> Watched {
    Watched { name: "load".to_owned(), pid: std::process::id() }
}
