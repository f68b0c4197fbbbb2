//! One process of `millrace`, which can be killed, paused and started again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::Instant;

use super::family::descendants;
use super::output::Output;
use super::program::search_path;
use crate::wait::PATIENCE;

/// How much of its output is shown when a test fails.
const LAST_LINES: usize = 40;

/// How a process is started: its arguments, and all that it finds in its environment besides the path.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
    /// Where all that it says is kept, besides memory.
    pub(crate) log: Option<PathBuf>,
}

/// A process, also after its end. It is killed when it is dropped; when the test has failed, its last words are shown.
pub struct Process {
    launch: Launch,
    child: Child,
    output: Output,
    ended: Option<ExitStatus>,
}

impl Process {
    /// Starts it, and does not wait for anything.
    pub(crate) fn spawn(launch: Launch) -> Self {
        let output = Output::new();
        let child = launch.spawn(&output);
        Self { launch, child, output, ended: None }
    }

    /// Starts it again after its end.
    pub(crate) fn start_again(&mut self, launch: Launch) {
        assert!(!self.is_running(), "it runs already");
        self.output = Output::new();
        self.launch = launch;
        self.child = self.launch.spawn(&self.output);
        self.ended = None;
    }

    /// Its id, also after its end.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it runs.
    pub fn is_running(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().expect("its own child can be waited for");
        }
        self.ended.is_none()
    }

    /// How it ended; nothing while it runs.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        if self.is_running() { None } else { self.ended }
    }

    /// Waits until it says a line that contains `text`, and returns the line. Lines said before count.
    pub async fn says(&mut self, text: &str) -> String {
        let output = self.output.clone();
        let said = output.line(|line| line.contains(text));
        tokio::pin!(said);
        let until = Instant::now() + PATIENCE;
        loop {
            let runs = self.is_running();
            tokio::select! {
                biased;
                line = &mut said => return line,
                () = tokio::time::sleep(Duration::from_millis(50)) => {}
            }
            let hope = runs && Instant::now() < until;
            assert!(hope, "{self} did not say '{text}':\n{}", self.last_words());
        }
    }

    /// The first line with `text` that it has said.
    pub fn said(&self, text: &str) -> Option<String> {
        self.output.said(|line| line.contains(text))
    }

    /// Whether all that it said before its end has come.
    pub(crate) fn has_said_all(&self) -> bool {
        self.output.is_complete()
    }

    /// The last lines that it said, on both outputs.
    pub fn last_words(&self) -> String {
        self.output.tail(LAST_LINES)
    }

    /// Ends it without a farewell (SIGKILL).
    pub fn kill(&mut self) {
        if self.is_running() {
            let _ = self.child.kill();
            self.ended = self.child.wait().ok();
        }
    }

    /// Asks it to end (SIGTERM).
    pub fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Stops it where it stands (SIGSTOP): it is there, and does nothing.
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it go on (SIGCONT).
    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Waits for its end within `limit`, and gives its exit code; -1 when a signal ended it.
    pub async fn ends_within(&mut self, limit: Duration) -> i32 {
        let until = Instant::now() + limit;
        while self.is_running() {
            let hope = Instant::now() < until;
            assert!(hope, "{self} did not end within {limit:?}:\n{}", self.last_words());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.ended.expect("it does not run any more").code().unwrap_or(-1)
    }

    /// The processes that descend from it, by id and name.
    pub fn descendants(&self) -> Vec<(u32, String)> {
        descendants(self.pid())
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid().cast_signed());
        kill(pid, signal).expect("it has not been waited for, so its id is its own");
    }
}

impl std::fmt::Display for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.launch.program.file_name().unwrap_or_default().to_string_lossy();
        write!(f, "`{name} {}`", self.launch.arguments.join(" "))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- {self} ({})\n{}", self.pid(), self.last_words());
        }
        self.kill();
    }
}

impl Launch {
    fn spawn(&self, output: &Output) -> Child {
        // Whatever ends the process of the test, even SIGKILL, ends what it started, stopped or not.
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--"])
            .arg(&self.program)
            .args(&self.arguments)
            .env_clear()
            .env("PATH", search_path())
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let log = self.log.clone().or_else(|| log_of(child.id()));
        output.collect(log.clone(), child.stdout.take().expect("it is piped"));
        output.collect(log, child.stderr.take().expect("it is piped"));
        child
    }
}

/// With TEST_LOGS=FOLDER every process leaves a file there.
fn log_of(pid: u32) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("TEST_LOGS")?);
    Some(folder.join(format!("{pid}.log")))
}
