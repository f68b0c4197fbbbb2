//! The program by itself: commands that end, and processes outside a fleet.

use std::collections::BTreeMap;
use std::process::Stdio;

use tokio::process::Command;

use super::process::{Launch, Process};
use super::program::{program, search_path};
use crate::wait::{PATIENCE, within};

/// How a command ended and what it said.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Its exit code; -1 when a signal ended it.
    pub code: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Ran {
    pub(crate) fn of(output: &std::process::Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The standard output as JSON, when the exit code is 0.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        assert_eq!(self.code, 0, "{}", self.stderr);
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.stdout))
    }

    /// The one complaint on standard error, beside the log, when the exit code is the expected one.
    #[track_caller]
    pub fn complaint(&self, code: i32) -> &str {
        let complaints = self.complaints(code);
        assert_eq!(complaints.len(), 1, "more or less than one line: {}", self.stderr);
        complaints[0]
    }

    /// The complaints on standard error, beside the log, when the exit code is the expected one.
    #[track_caller]
    pub fn complaints(&self, code: i32) -> Vec<&str> {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        self.stderr.lines().filter_map(|line| line.strip_prefix("millrace: ")).collect()
    }
}

/// Runs `millrace` to its end, with nothing in its environment but this and the path.
pub async fn run_program(
    arguments: &[&str],
    environment: impl IntoIterator<Item = (String, String)>,
) -> Ran {
    let run = Command::new(program())
        .args(arguments)
        .env_clear()
        .env("PATH", search_path())
        .envs(environment)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = within(PATIENCE, "the end of a command", run).await;
    Ran::of(&output.expect("the program can be started"))
}

/// Starts `millrace`, with nothing in its environment but this and the path.
pub fn start_program(
    arguments: &[&str],
    environment: impl IntoIterator<Item = (String, String)>,
) -> Process {
    let arguments = arguments.iter().map(|&text| text.to_owned()).collect();
    let environment: BTreeMap<_, _> = environment.into_iter().collect();
    Process::spawn(Launch { program: program(), arguments, environment, log: None })
}
