//! The cores, shared among the jobs that run.

use std::sync::atomic::{AtomicUsize, Ordering};

/// More threads make a film hardly faster, and each takes memory; ffmpeg's own choice ends here too.
const MOST: usize = 16;

/// How many threads a tool may use.
#[derive(Debug)]
pub(super) struct Threads {
    fixed: Option<usize>,
    cores: usize,
    running: AtomicUsize,
}

impl Threads {
    /// `fixed` threads for each tool, or with 0 the cores shared among the jobs that run.
    pub(super) fn new(fixed: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { fixed: (fixed > 0).then_some(fixed), cores, running: AtomicUsize::new(0) }
    }

    /// Counts a job until its place is dropped.
    pub(super) fn enter(&self) -> Place<'_> {
        self.running.fetch_add(1, Ordering::Relaxed);
        Place(self)
    }

    /// The threads of a tool that starts at this moment. A tool keeps what it was given: one that began alone goes on
    /// with every core when a second job comes, and the system shares them.
    pub(super) fn of_one(&self) -> usize {
        let running = self.running.load(Ordering::Relaxed).max(1);
        self.fixed.unwrap_or_else(|| (self.cores / running).clamp(1, MOST))
    }

    /// The most that one tool may get.
    pub(super) fn most(&self) -> usize {
        self.fixed.unwrap_or_else(|| self.cores.clamp(1, MOST))
    }
}

/// A job that is counted.
#[derive(Debug)]
pub(super) struct Place<'a>(&'a Threads);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_alone_has_every_core_and_several_share_them() {
        let threads = Threads { fixed: None, cores: 6, running: AtomicUsize::new(0) };
        let first = threads.enter();
        assert_eq!(threads.of_one(), 6);
        let others = [threads.enter(), threads.enter()];
        assert_eq!(threads.of_one(), 2);
        drop((first, others));
        let many: Vec<_> = std::iter::repeat_with(|| threads.enter()).take(9).collect();
        assert_eq!(threads.of_one(), 1);
        drop(many);
        assert_eq!(threads.of_one(), 6);
        assert_eq!(threads.most(), 6);
    }

    #[test]
    fn a_fixed_number_is_used_as_it_is_and_shares_have_an_end() {
        let fixed = Threads { fixed: Some(40), cores: 2, running: AtomicUsize::new(0) };
        let _jobs = [fixed.enter(), fixed.enter()];
        assert_eq!((fixed.of_one(), fixed.most()), (40, 40));
        let shared = Threads { fixed: None, cores: 64, running: AtomicUsize::new(0) };
        assert_eq!((shared.of_one(), shared.most()), (16, 16));
    }
}
