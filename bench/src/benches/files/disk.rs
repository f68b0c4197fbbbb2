//! What the disk gives to whoever keeps files as safely as Millrace does: written, synced, renamed.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

/// Millions of bytes a second that so many threads write, each file after file of this size, below `folder`.
pub(super) async fn rate(
    folder: &Path,
    bytes: usize,
    threads: usize,
    lasting: Duration,
) -> anyhow::Result<f64> {
    let home = tempfile::Builder::new().prefix("disk-").tempdir_in(folder)?;
    let content: Arc<[u8]> = vec![b'x'; bytes].into();
    let begun = Instant::now();
    let mut writers = JoinSet::new();
    for thread in 0..threads {
        let (home, content) = (home.path().to_owned(), Arc::clone(&content));
        writers.spawn_blocking(move || write_files(&home, thread, &content, begun + lasting));
    }
    let mut files = 0_u64;
    while let Some(written) = writers.join_next().await {
        files += written??;
    }
    Ok(files as f64 * bytes as f64 / begun.elapsed().as_secs_f64() / 1e6)
}

fn write_files(home: &Path, thread: usize, content: &[u8], until: Instant) -> anyhow::Result<u64> {
    let mut written = 0;
    while written == 0 || Instant::now() < until {
        let new = home.join(format!("new-{thread}"));
        let mut file = File::create(&new)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&new, home.join(format!("{thread}-{written}")))?;
        written += 1;
    }
    Ok(written)
}
