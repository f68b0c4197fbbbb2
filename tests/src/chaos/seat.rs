//! One process that faults are done to: it is watched, and started again when it ends by itself.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::time::Instant;

use crate::fleet::{Launch, Process};

/// How long a process may take until it is ready, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How the end of a process begins that had not become ready.
pub(super) const STARTING: &str = "while it started: ";

/// A process and its place, which outlives it.
pub(super) struct Seat {
    /// What the report and the logs call it.
    pub(super) name: String,
    log: PathBuf,
    launch: Mutex<Launch>,
    process: Mutex<Process>,
    wanted: AtomicBool,
    ended_alone: Mutex<Vec<String>>,
    ended_badly: Mutex<Vec<String>>,
}

impl Seat {
    /// Starts a process whose words are kept in `folder`, and waits for nothing.
    pub(super) fn start(name: &str, folder: &Path, mut launch: Launch) -> Self {
        let log = folder.join(format!("{name}.log"));
        launch.log = Some(log.clone());
        Self {
            log,
            name: name.to_owned(),
            process: Mutex::new(Process::spawn(launch.clone())),
            launch: Mutex::new(launch),
            wanted: AtomicBool::new(true),
            ended_alone: Mutex::default(),
            ended_badly: Mutex::default(),
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

    /// Ends it without a farewell; it stays away until it is started again. Tells whether it ran until then.
    pub(super) fn kill(&self) -> bool {
        self.wanted.store(false, Ordering::Relaxed);
        let mut process = self.process();
        let ran = process.is_running();
        process.kill();
        ran
    }

    /// Asks it to end; it stays away until it is started again. Tells whether it ran until then.
    pub(super) fn terminate(&self) -> bool {
        self.wanted.store(false, Ordering::Relaxed);
        let mut process = self.process();
        let ran = process.is_running();
        if ran {
            process.terminate();
        }
        ran
    }

    /// Judges how it took the question to end: whoever had `had` and more than its grace must have ended, and well.
    pub(super) fn judge_end(&self, had: Duration, grace: Duration) {
        let mut process = self.process();
        let seen = match process.ended() {
            Some(status) if status.success() => return,
            // It had nothing in hand yet, and did not listen: as the system does it, like systemd, that is a good end.
            Some(status)
                if status.signal() == Some(Signal::SIGTERM as i32) && !is_ready(&process) =>
            {
                return;
            }
            Some(status) => format!("{status}: {}", last_of(&process)),
            None if had > grace => format!("still there after {had:?}: {}", process.last_words()),
            None => return,
        };
        self.ended_badly.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    }

    /// Stops it where it stands. Tells whether it ran until then.
    pub(super) fn pause(&self) -> bool {
        let mut process = self.process();
        let ran = process.is_running();
        if ran {
            process.pause();
        }
        ran
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
        process.start_again(self.launch());
        self.wanted.store(true, Ordering::Relaxed);
    }

    /// From its next start on it finds this in its environment.
    pub(super) fn set(&self, name: &str, value: &str) {
        let mut launch = self.launch.lock().unwrap_or_else(PoisonError::into_inner);
        launch.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Lets it go on, or starts it again, whichever it needs.
    pub(super) fn heal(&self) {
        let mut process = self.process();
        if process.is_running() {
            process.resume();
        } else {
            process.start_again(self.launch());
        }
        self.wanted.store(true, Ordering::Relaxed);
    }

    /// Starts it again when it has ended by itself, as whatever supervises it in production would.
    pub(super) fn supervise(&self) {
        let mut process = self.process();
        // Its words come through a pipe, and later than its end on a busy machine.
        let has_ended = !process.is_running() && process.has_said_all();
        if self.wanted.load(Ordering::Relaxed) && has_ended {
            let when = if is_ready(&process) { "" } else { STARTING };
            let words = format!("{when}{}", last_of(&process));
            self.ended_alone.lock().unwrap_or_else(PoisonError::into_inner).push(words);
            process.start_again(self.launch());
        }
    }

    /// Its last words each time that it ended although nobody told it to.
    pub(super) fn ended_alone(&self) -> Vec<String> {
        self.ended_alone.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The lines of its log, of all times that it ran, that have `text`.
    pub(super) fn lines_with(&self, text: &str) -> Vec<String> {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
    }

    /// How it ended each time that it was asked to and did not end well.
    pub(super) fn ended_badly(&self) -> Vec<String> {
        self.ended_badly.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn launch(&self) -> Launch {
        self.launch.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it said since its last start that it is ready.
fn is_ready(process: &Process) -> bool {
    process.said(" ready").is_some()
}

/// Why it ended: its one complaint, or else its last lines.
fn last_of(process: &Process) -> String {
    process.said("millrace: ").unwrap_or_else(|| process.last_words())
}
