//! The service of the demo: this very program as `millrace up`, in a scratch directory.

use std::process::Stdio;
use std::time::Duration;

use common::secret::Secret;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::line;
use crate::failure::Failure;

/// How long the service may take to be ready, and to stop.
const START_PATIENCE: Duration = Duration::from_secs(60);
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// A running `millrace up`.
pub(super) struct Service {
    dir: tempfile::TempDir,
    llm: String,
    child: Child,
    url: String,
    key: Secret,
    http: Client,
}

impl Service {
    /// Starts it and waits until every role is ready.
    pub(super) async fn start(llm: &str) -> Result<Self, Failure> {
        let dir = tempfile::tempdir()
            .map_err(|error| Failure::general(format!("no scratch directory: {error}")))?;
        let http = Client::builder().timeout(Duration::from_secs(60)).no_proxy().build().map_err(
            |error| Failure::general(format!("the HTTP client can not be built: {error}")),
        )?;
        let (child, url) = spawn(&dir, llm, true).await?;
        let path = dir.path().join("admin.key");
        let key = std::fs::read_to_string(&path)
            .map_err(|error| Failure::general(format!("{}: {error}", path.display())))?;
        Ok(Self { dir, llm: llm.to_owned(), child, url, key: Secret::new(key.trim()), http })
    }

    /// Kills the process without warning and starts it again on the same directory.
    pub(super) async fn kill_and_restart(&mut self) -> Result<(), Failure> {
        let _ = self.child.kill().await;
        let (child, url) = spawn(&self.dir, &self.llm, false).await?;
        (self.child, self.url) = (child, url);
        Ok(())
    }

    /// Stops it as an operator would, and expects a clean end.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        if let Some(pid) = self.child.id() {
            let _ = kill(Pid::from_raw(pid as i32), Signal::SIGTERM);
        }
        match tokio::time::timeout(STOP_PATIENCE, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(Failure::general(format!("the service ended with {status}"))),
            Ok(Err(error)) => Err(Failure::general(format!("the service was lost: {error}"))),
            Err(_) => Err(Failure::general("the service did not stop in time")),
        }
    }

    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(self.absolute(path)).bearer_auth(self.key.expose())
    }

    pub(super) fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(self.absolute(path)).bearer_auth(self.key.expose())
    }

    /// A request without the key, as a browser makes it.
    pub(super) fn open(&self, path: &str) -> RequestBuilder {
        self.http.get(self.absolute(path))
    }

    fn absolute(&self, path: &str) -> String {
        if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.url) }
    }
}

/// Sends a request and expects success.
pub(super) async fn send(request: RequestBuilder) -> Result<Response, Failure> {
    let response = request
        .send()
        .await
        .map_err(|error| Failure::unavailable(format!("the gateway did not answer: {error}")))?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let text = response.text().await.unwrap_or_default();
    Err(Failure::general(format!("the gateway answered {status}: {text}")))
}

/// Sends a request and reads the document that it answers.
pub(super) async fn send_json(request: RequestBuilder) -> Result<Value, Failure> {
    send(request)
        .await?
        .json()
        .await
        .map_err(|error| Failure::general(format!("the answer is no JSON: {error}")))
}

async fn spawn(dir: &tempfile::TempDir, llm: &str, tell: bool) -> Result<(Child, String), Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::general(format!("this program can not be found: {error}")))?;
    let mut child = Command::new(program)
        .args(["up", "--listen", "127.0.0.1:0", "--diagnostic", "--egress-allow", "127.0.0.0/8"])
        .args(["--llm", llm, "--data-dir"])
        .arg(dir.path())
        // The story shows retries and a takeover, which take seconds with the defaults.
        .env("MILLRACE_TELEMETRY__LOG", "error")
        .env("MILLRACE_DISPATCHER__SCHEDULE", "0s,1s,5s,30s")
        .env("MILLRACE_JOBS__ACK_WAIT", "2s")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Failure::general(format!("the service can not be started: {error}")))?;
    let out = child.stdout.take().ok_or_else(|| Failure::general("the service has no output"))?;
    let mut lines = BufReader::new(out).lines();
    let ready = async {
        while let Ok(Some(text)) = lines.next_line().await {
            if tell && !text.starts_with("admin key") {
                line(&text);
            }
            if let Some((_, url)) = text.split_once("gateway     ready  ") {
                return Some(url.to_owned());
            }
        }
        None
    };
    match tokio::time::timeout(START_PATIENCE, ready).await {
        Ok(Some(url)) => Ok((child, url)),
        _ => Err(Failure::general("the service did not become ready; see above")),
    }
}
