//! One process that faults are done to: it is watched, and started again when it ends by itself.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::fleet::{Launch, Process};

/// How long a process may take until it is ready, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process and its place, which outlives it.
pub(super) struct Seat {
    /// What the report and the logs call it.
    pub(super) name: String,
    launch: Launch,
    process: Mutex<Process>,
    wanted: AtomicBool,
    ended_alone: Mutex<Vec<String>>,
}

impl Seat {
    /// Starts a process whose words are kept in `folder`, and waits for nothing.
    pub(super) fn start(name: &str, folder: &Path, mut launch: Launch) -> Self {
        launch.log = Some(folder.join(format!("{name}.log")));
        Self {
            name: name.to_owned(),
            process: Mutex::new(Process::spawn(launch.clone())),
            launch,
            wanted: AtomicBool::new(true),
            ended_alone: Mutex::default(),
        }
    }

    /// Waits until it says a line with `text`, and returns the line.
    pub(super) async fn says(&self, text: &str) -> anyhow::Result<String> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(line) = self.process().said(text) {
                return Ok(line);
            }
            if Instant::now() > until {
                let words = self.process().last_words();
                anyhow::bail!("{} did not say '{text}' within {PATIENCE:?}:\n{words}", self.name);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends it without a farewell; it stays away until it is started again.
    pub(super) fn kill(&self) {
        self.wanted.store(false, Ordering::Relaxed);
        self.process().kill();
    }

    /// Asks it to end; it stays away until it is started again.
    pub(super) fn terminate(&self) {
        self.wanted.store(false, Ordering::Relaxed);
        let mut process = self.process();
        if process.is_running() {
            process.terminate();
        }
    }

    /// Stops it where it stands.
    pub(super) fn pause(&self) {
        let mut process = self.process();
        if process.is_running() {
            process.pause();
        }
    }

    /// Lets it go on.
    pub(super) fn resume(&self) {
        let mut process = self.process();
        if process.is_running() {
            process.resume();
        }
    }

    /// Starts it again, whether it has ended or not.
    pub(super) fn start_again(&self) {
        let mut process = self.process();
        process.kill();
        process.start_again(self.launch.clone());
        self.wanted.store(true, Ordering::Relaxed);
    }

    /// Lets it go on, or starts it again, whichever it needs.
    pub(super) fn heal(&self) {
        let mut process = self.process();
        if process.is_running() {
            process.resume();
        } else {
            process.start_again(self.launch.clone());
        }
        self.wanted.store(true, Ordering::Relaxed);
    }

    /// Starts it again when it has ended by itself, as whatever supervises it in production would.
    pub(super) fn supervise(&self) {
        let mut process = self.process();
        if self.wanted.load(Ordering::Relaxed) && !process.is_running() {
            let words = process.said("millrace: ").unwrap_or_else(|| process.last_words());
            self.ended_alone.lock().unwrap_or_else(PoisonError::into_inner).push(words);
            process.start_again(self.launch.clone());
        }
    }

    /// Its last words each time that it ended although nobody told it to.
    pub(super) fn ended_alone(&self) -> Vec<String> {
        self.ended_alone.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
