//! What a process says, line by line, on both outputs.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

/// More lines than a test's process should say; the oldest are forgotten.
const MOST_LINES: usize = 20_000;

/// The lines of one process. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Output(Arc<watch::Sender<Vec<String>>>);

impl Output {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::default()))
    }

    /// Collects the lines of a pipe until it is closed, and keeps them in a file as well when there is a `log`.
    pub(super) fn collect(&self, log: Option<PathBuf>, pipe: impl Read + Send + 'static) {
        let lines = Arc::clone(&self.0);
        let mut kept =
            log.and_then(|path| OpenOptions::new().create(true).append(true).open(path).ok());
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                if let Some(kept) = &mut kept {
                    let _ = writeln!(kept, "{line}");
                }
                lines.send_modify(|lines| {
                    if lines.len() == MOST_LINES {
                        lines.drain(..MOST_LINES / 2);
                    }
                    lines.push(line);
                });
            }
        });
    }

    /// The first line that is so, however long it takes to come.
    pub(super) async fn line(&self, mut wanted: impl FnMut(&str) -> bool) -> String {
        let mut lines = self.0.subscribe();
        let found = lines.wait_for(|lines| lines.iter().any(|line| wanted(line))).await;
        let found = found.expect("this output keeps the sender").clone();
        found.into_iter().find(|line| wanted(line)).unwrap_or_default()
    }

    /// The first line that is so, among those that have come.
    pub(super) fn said(&self, mut wanted: impl FnMut(&str) -> bool) -> Option<String> {
        self.0.borrow().iter().find(|line| wanted(line)).cloned()
    }

    /// Whether all pipes are read to their end.
    pub(super) fn is_complete(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// The last lines.
    pub(super) fn tail(&self, count: usize) -> String {
        let lines = self.0.borrow();
        lines[lines.len().saturating_sub(count)..].join("\n")
    }
}
