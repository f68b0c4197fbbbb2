//! What every bench gets.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::benches::Bench;
use crate::budget::Budget;
use crate::report::Sheet;
use crate::system::{Sync, System};

/// How much to do, and where.
#[derive(Debug)]
pub(crate) struct Context {
    /// How much.
    pub(crate) scale: Scale,
    /// Whether peers are measured.
    pub(crate) peers: bool,
    /// Where figures go.
    pub(crate) out: PathBuf,
    /// Where systems keep their data while they run: on a real disk, since syncs are measured.
    pub(crate) work: PathBuf,
    /// How long it may take.
    pub(crate) budget: Budget,
    // Held as long as this lives.
    _lock: File,
}

/// Free space that the largest bench wants.
const WANTED_BYTES: u64 = 10_000_000_000;

/// Makes sure that nobody else uses the folder, and removes what a run has left there that was killed.
fn take_over(work: &Path) -> anyhow::Result<File> {
    let lock = File::create(work.join(".lock"))?;
    if lock.try_lock().is_err() {
        anyhow::bail!("another bench runs in {}; two would disturb each other", work.display());
    }
    for entry in std::fs::read_dir(work)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    let disk = nix::sys::statvfs::statvfs(work)?;
    let free = disk.blocks_available() * disk.fragment_size();
    if free < WANTED_BYTES {
        crate::tell(&format!("only {} GB are free where the data lies", free / 1_000_000_000));
    }
    Ok(lock)
}

/// How much to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    rounds: u16,
    smoke: bool,
}

impl Context {
    /// As the command line says.
    pub(crate) fn new(arguments: &Arguments) -> anyhow::Result<Self> {
        let out = arguments.out();
        let work = out.join("work");
        std::fs::create_dir_all(&work)?;
        let lock = take_over(&work)?;
        Ok(Self {
            scale: Scale { rounds: arguments.rounds, smoke: arguments.smoke },
            peers: !arguments.no_peers && !arguments.smoke,
            out,
            work,
            budget: Budget::default(),
            _lock: lock,
        })
    }

    /// Whether the peers of a bench take part in this round: in the first always, in later ones while there is time.
    pub(crate) fn peers_in(&self, sheet: &mut Sheet, bench: &str, round: usize) -> bool {
        if !self.peers {
            return false;
        }
        let taking = Bench::peers_take(bench);
        let can = round == 1 || self.budget.allows(Instant::now(), taking);
        if !can {
            let rounds = self.scale.rounds();
            sheet.remark(&format!(
                "Time ran short: not every peer was measured in all of the {rounds} rounds"
            ));
        }
        can
    }

    /// A broker with its data below [`Self::work`], without any role yet.
    pub(crate) async fn system(
        &self,
        sync: Sync,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<System> {
        System::start(&self.work, sync, settings).await
    }
}

impl Scale {
    /// How many rounds.
    pub(crate) fn rounds(self) -> usize {
        if self.smoke { 1 } else { usize::from(self.rounds) }
    }

    /// Whether it is only tried.
    pub(crate) fn is_smoke(self) -> bool {
        self.smoke
    }

    /// The amount of a real run, or that of a trial.
    pub(crate) fn pick<T>(self, real: T, trial: T) -> T {
        if self.smoke { trial } else { real }
    }

    /// How long a load lasts.
    pub(crate) fn lasting(self, seconds: f64) -> Duration {
        Duration::from_secs_f64(self.pick(seconds, seconds.min(0.2)))
    }

    /// How long it is warmed up before.
    pub(crate) fn warm_up(self) -> Duration {
        self.lasting(0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::take_over;

    #[test]
    fn a_folder_is_taken_over_with_nothing_left_in_it_and_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("run-killed/nats")).unwrap();
        let lock = take_over(folder.path()).unwrap();
        assert!(!folder.path().join("run-killed").exists());
        assert!(take_over(folder.path()).is_err());
        drop(lock);
        assert!(take_over(folder.path()).is_ok());
    }
}
