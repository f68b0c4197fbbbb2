//! Runs one media tool to its end, or to ours: bounded in time and in what it may say.

use std::collections::VecDeque;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

/// How long a tool may take to end by itself when it is asked to; together with the kill it stays under two seconds.
const TERMINATE_GRACE: Duration = Duration::from_secs(1);
/// How long the system may take to bury a killed tool.
const KILL_GRACE: Duration = Duration::from_millis(500);
/// No tool outlives a cancel by more than this.
pub(super) const STOP_TIME: Duration = Duration::from_millis(1_600);
/// The most that is kept of each end of what a tool says on stderr.
const STDERR_END: usize = 16 * 1024;

/// How a tool ended.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) status: ExitStatus,
    /// The beginning and the end of what it said.
    pub(super) stderr: String,
}

/// Why a tool did not come to its own end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("it was asked to stop")]
    Canceled,
    #[error("it took too long")]
    TimedOut,
    #[error("it did not start: {0}")]
    NotStarted(#[from] std::io::Error),
}

/// Starts `command` and waits until it ends. Its stdout goes to `stdout` as it comes. When `cancel` is cancelled or
/// `time_limit` passes, its whole process group is asked to stop and then killed; when the future is dropped, it is
/// killed at once.
pub(super) async fn run(
    mut command: Command,
    cancel: &CancellationToken,
    time_limit: Duration,
    stdout: &mut (dyn FnMut(&[u8]) + Send),
) -> Result<Finished, Error> {
    let mut child = command.spawn()?;
    let mut group = Group(child.id());
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let mut stderr = Ends::default();
    let ended = {
        // Both pipes are read at the same time: a full one would stop the tool for ever.
        let work = async {
            let mut keep = |bytes: &[u8]| stderr.push(bytes);
            let ((), (), status) =
                tokio::join!(drain(out, stdout), drain(err, &mut keep), child.wait());
            status
        };
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Error::Canceled),
            ended = tokio::time::timeout(time_limit, work) => match ended {
                Ok(status) => Ok(status?),
                Err(_) => Err(Error::TimedOut),
            },
        }
    };
    match ended {
        Ok(status) => {
            group.0 = None;
            Ok(Finished { status, stderr: stderr.into_text() })
        }
        Err(error) => {
            stop(&mut child, &mut group).await;
            Err(error)
        }
    }
}

async fn stop(child: &mut Child, group: &mut Group) {
    group.signal(Signal::SIGTERM);
    let gently = tokio::time::timeout(TERMINATE_GRACE, child.wait()).await;
    // Also when the leader has gone: others of its group may live on.
    group.signal(Signal::SIGKILL);
    if gently.is_err() && tokio::time::timeout(KILL_GRACE, child.wait()).await.is_err() {
        tracing::error!("a killed media tool does not go away");
    }
    group.0 = None;
}

async fn drain(pipe: Option<impl AsyncRead + Unpin>, sink: &mut (dyn FnMut(&[u8]) + Send)) {
    let Some(mut pipe) = pipe else { return };
    let mut buffer = vec![0; 8 * 1024];
    while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
        sink(&buffer[..count]);
    }
}

/// The process group of a running tool; killed when it is dropped before the tool was waited for.
struct Group(Option<u32>);

impl Group {
    fn signal(&self, signal: Signal) {
        if let Some(id) = self.0.and_then(|id| i32::try_from(id).ok()) {
            // It fails only when nobody of the group is left, which is what is wanted.
            let _ = killpg(Pid::from_raw(id), signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}

/// The first and the last bytes of a text of any length.
#[derive(Default)]
struct Ends {
    head: Vec<u8>,
    tail: VecDeque<u8>,
}

impl Ends {
    fn push(&mut self, bytes: &[u8]) {
        let (head, tail) = bytes.split_at(bytes.len().min(STDERR_END - self.head.len()));
        self.head.extend_from_slice(head);
        self.tail.extend(tail);
        let over = self.tail.len().saturating_sub(STDERR_END);
        self.tail.drain(..over);
    }

    fn into_text(mut self) -> String {
        self.head.extend(self.tail);
        String::from_utf8_lossy(&self.head).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;
    use std::time::Instant;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).process_group(0).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    #[tokio::test]
    async fn floods_on_both_pipes_do_not_block_and_are_capped() {
        let script = "i=0; while [ $i -lt 3000 ]; do echo oooooooooooooooooooooooooooooooooooooooo; \
                      echo eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee >&2; i=$((i+1)); done; echo last >&2; exit 3";
        let mut count = 0;
        let mut stdout = |bytes: &[u8]| count += bytes.len();
        let limit = Duration::from_secs(20);
        let finished =
            run(shell(script), &CancellationToken::new(), limit, &mut stdout).await.unwrap();
        assert_eq!(finished.status.code(), Some(3));
        assert_eq!(finished.stderr.len(), 2 * STDERR_END);
        assert!(finished.stderr.ends_with("last\n"));
        assert_eq!(count, 3000 * 41);
    }

    #[tokio::test]
    async fn who_ignores_the_request_is_killed_within_two_seconds() {
        let cancel = CancellationToken::new();
        let mut stdout = |_: &[u8]| cancel.cancel();
        let script = "trap '' TERM; echo ready; while :; do sleep 0.1; done";
        let begun = Instant::now();
        let error =
            run(shell(script), &cancel, Duration::from_mins(1), &mut stdout).await.unwrap_err();
        assert!(matches!(error, Error::Canceled));
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn time_is_limited() {
        let limit = Duration::from_millis(50);
        let error = run(shell("sleep 30"), &CancellationToken::new(), limit, &mut |_| ()).await;
        assert!(matches!(error.unwrap_err(), Error::TimedOut));
    }
}
