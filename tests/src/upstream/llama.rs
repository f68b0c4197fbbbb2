//! A real llama.cpp server with the tiny scripted models of `tests/fixtures/llama`.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Building the server's wheel takes a minute or some, once per checkout.
const SETUP_PATIENCE: Duration = Duration::from_mins(20);
const START_PATIENCE: Duration = Duration::from_mins(1);

/// The server. It ends when it is dropped.
pub struct Llama {
    url: String,
    _server: Child,
}

impl Llama {
    /// A server with these models: `script` says "Hello from the scripted model." and stops, `endless` never stops,
    /// `embed` embeds texts. Sets the server up first where that was not done yet. Requests are served one by one;
    /// a request for another model than the last one loads that in its place.
    pub async fn start(models: &[&str]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let fixture = root.join("tests/fixtures/llama");
        let setup = Command::new(fixture.join("setup.sh")).stdout(Stdio::null()).status();
        let set_up = tokio::time::timeout(SETUP_PATIENCE, setup).await;
        let set_up = set_up.expect("the set-up ends in time").expect("the set-up can be started");
        assert!(set_up.success(), "tests/fixtures/llama/setup.sh said why it failed");

        let tools = root.join(".tools/llama");
        let mut server = Command::new(tools.join("venv/bin/python"))
            .arg(fixture.join("serve.py"))
            .arg(tools.join("models"))
            .args(models)
            // It ends with its standard input, even when this process is killed.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the set-up made a Python");
        let stdout = server.stdout.take().expect("its output is piped");
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(START_PATIENCE, lines.next_line()).await;
        let line = line.expect("the server starts in time").expect("its output can be read");
        Self { url: line.expect("the server prints its address"), _server: server }
    }

    /// Its base URL, with `/v1`.
    pub fn url(&self) -> &str {
        &self.url
    }
}
