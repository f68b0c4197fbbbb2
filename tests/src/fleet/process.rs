//! One process of the real program.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::watch;

use crate::Role;
use crate::settings::Settings;
use crate::wait::{PATIENCE, within};

/// How much of a log is shown when a test fails.
const LOG_LINES: usize = 40;

/// A process, or the place of one that was killed.
pub struct Process {
    role: Role,
    name: String,
    environment: BTreeMap<String, String>,
    address: String,
    log: PathBuf,
    child: Option<Child>,
    lines: watch::Receiver<Vec<String>>,
}

impl Process {
    pub(super) fn new(role: Role, name: String, settings: &Settings, dir: &Path) -> Self {
        let mut environment: BTreeMap<_, _> = settings.environment().collect();
        for name in ["PATH", "HOME", "TMPDIR"] {
            environment.extend(std::env::var(name).map(|value| (name.to_owned(), value)));
        }
        Self {
            role,
            environment,
            address: settings.get("gateway.listen").unwrap_or_default().to_owned(),
            log: dir.join(format!("{name}.log")),
            name,
            child: None,
            lines: watch::channel(Vec::new()).1,
        }
    }

    /// Its role.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Role and index.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Where a gateway is reached.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it printed since it was started last.
    pub fn lines(&self) -> Vec<String> {
        self.lines.borrow().clone()
    }

    /// The end of its log.
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    /// The admin key, when this process made it.
    pub(super) fn admin_key(&self) -> Option<String> {
        let lines = self.lines.borrow();
        let mut words = lines.iter().flat_map(|line| line.split_whitespace());
        words.find(|word| word.starts_with("mr_")).map(str::to_owned)
    }

    /// Starts it, again after it was killed, and waits until it says that it is ready.
    pub async fn restart(&mut self) {
        self.launch();
        let mut lines = self.lines.clone();
        let ready = lines.wait_for(|lines| lines.iter().any(|line| line.contains(" ready")));
        let is_ready = within(PATIENCE, "the word 'ready'", ready).await.is_ok();
        assert!(is_ready, "{} ended at its start\n{}", self.name, self.log());
    }

    /// Starts it and does not wait.
    pub fn launch(&mut self) {
        assert!(self.child.is_none(), "{} runs already", self.name);
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&self.log);
        let mut child = Command::new(program())
            .arg(self.role.as_str())
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.expect("a log can be written"))
            .spawn()
            .expect("the program can be started");
        let stdout = child.stdout.take().expect("its output is piped");
        let (sender, lines) = watch::channel(Vec::new());
        // It ends with the process.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                sender.send_modify(|lines: &mut Vec<String>| lines.push(line));
            }
        });
        self.lines = lines;
        self.child = Some(child);
    }

    /// Kills it (SIGKILL).
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = self.pid().expect("it runs");
        kill(Pid::from_raw(pid.cast_signed()), signal).expect("it can be signalled");
    }

    /// Stops it in its tracks (SIGSTOP).
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it go on (SIGCONT).
    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Asks it to stop (SIGTERM) and waits for its end.
    pub async fn stop(&mut self, patience: Duration) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        self.ended(patience).await
    }

    /// Waits for its end.
    pub async fn ended(&mut self, patience: Duration) -> ExitStatus {
        let mut child = self.child.take().expect("it runs");
        let status = within(patience, "the end of a process", async {
            loop {
                match child.try_wait().expect("it is our child") {
                    Some(status) => return status,
                    None => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        });
        status.await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The program that the workspace builds, beside the tests' own.
fn program() -> PathBuf {
    let this = std::env::current_exe().expect("a test has a path");
    let program = this.parent().and_then(Path::parent).map(|dir| dir.join("millrace"));
    let program = program.expect("tests lie in a folder of the target directory");
    assert!(
        program.is_file(),
        "{} is not there: build it first, with `cargo build --package cli`",
        program.display()
    );
    program
}
