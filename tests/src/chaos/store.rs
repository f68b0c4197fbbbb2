//! The folder of the objects: one that can be full, where this process may mount a small file system, and one that can
//! be away.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

/// The size of the small file system.
const SIZE: &str = "size=64m";

/// The folder.
pub(super) struct Store {
    folder: PathBuf,
    mounted: bool,
    is_away: Mutex<bool>,
}

impl Store {
    /// Makes the folder `objects` below `folder`.
    pub(super) fn make(folder: &Path) -> anyhow::Result<Self> {
        let root = folder.join("store");
        let objects = root.join("objects");
        std::fs::create_dir_all(&root)?;
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "chaos"]).arg(&root).output();
        let mounted = mount.is_ok_and(|output| output.status.success());
        std::fs::create_dir_all(&objects)?;
        Ok(Self { folder: objects, mounted, is_away: Mutex::new(false) })
    }

    /// The folder of the objects.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether it can be full: where nothing may be mounted it can only be away.
    pub(super) fn can_be_full(&self) -> bool {
        self.mounted
    }

    /// From now on nothing can be written. An error where it can not be full, and when there is room all the same.
    pub(super) fn fill(&self) -> std::io::Result<()> {
        if !self.mounted {
            return Err(ErrorKind::Unsupported.into());
        }
        let mut filler = OpenOptions::new().create(true).append(true).open(self.filler())?;
        // Until there is no room left.
        for size in [64 * 1024, 1024, 1] {
            let piece = vec![0; size];
            while filler.write_all(&piece).is_ok() {}
        }
        match std::fs::write(self.filler().with_extension("probe"), "v") {
            Err(error) if error.kind() == ErrorKind::StorageFull => Ok(()),
            Err(error) => Err(error),
            Ok(()) => Err(std::io::Error::other("there is room in the store that was filled")),
        }
    }

    /// From now on there is something else in its place.
    pub(super) fn go_away(&self) -> std::io::Result<()> {
        let mut is_away = self.is_away.lock().unwrap_or_else(PoisonError::into_inner);
        std::fs::rename(&self.folder, self.aside())?;
        *is_away = true;
        std::fs::write(&self.folder, "")
    }

    /// There is room, and all that was there.
    pub(super) fn heal(&self) -> std::io::Result<()> {
        let mut is_away = self.is_away.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_away {
            std::fs::remove_file(&self.folder)?;
            std::fs::rename(self.aside(), &self.folder)?;
            *is_away = false;
        }
        for file in [self.filler(), self.filler().with_extension("probe")] {
            match std::fs::remove_file(file) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn filler(&self) -> PathBuf {
        self.folder.with_file_name("filler")
    }

    fn aside(&self) -> PathBuf {
        self.folder.with_file_name("aside")
    }
}

impl Store {
    /// Unmounts what was mounted. An error is one of the harness: something would be left behind.
    pub(super) fn end(mut self) -> anyhow::Result<()> {
        if !std::mem::take(&mut self.mounted) {
            return Ok(());
        }
        let output = self.unmount()?;
        let why = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "the store stays mounted: {why}");
        Ok(())
    }

    fn unmount(&self) -> std::io::Result<Output> {
        let root = self.folder.parent().unwrap_or(&self.folder);
        // Lazily: who is being killed may still have a file open.
        Command::new("umount").arg("-l").arg(root).output()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if self.mounted {
            let _ = self.unmount();
        }
    }
}

/// From now on what this thread, and those that it starts, mount is seen by them and their processes alone, and gone
/// with them, whatever ends them. Where that is not allowed nothing can be mounted either.
pub fn mount_apart() {
    if unshare(CloneFlags::CLONE_NEWNS).is_ok() {
        let _ = mount(
            None::<&str>,
            "/",
            None::<&str>,
            MsFlags::MS_REC | MsFlags::MS_PRIVATE,
            None::<&str>,
        );
    }
}
