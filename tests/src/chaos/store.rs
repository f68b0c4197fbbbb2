//! The folder of the objects: one that can be full, where this process may mount a small file system, and one that can
//! be away.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

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

    /// From now on nothing can be written. Where nothing may be mounted the store is away instead.
    pub(super) fn fill(&self) -> std::io::Result<()> {
        if !self.mounted {
            return self.go_away();
        }
        let mut filler = OpenOptions::new().create(true).append(true).open(self.filler())?;
        // Until there is no room left.
        for size in [64 * 1024, 1024, 1] {
            let piece = vec![0; size];
            while filler.write_all(&piece).is_ok() {}
        }
        Ok(())
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
        match std::fs::remove_file(self.filler()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn filler(&self) -> PathBuf {
        self.folder.with_file_name("filler")
    }

    fn aside(&self) -> PathBuf {
        self.folder.with_file_name("aside")
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if self.mounted {
            let root = self.folder.parent().unwrap_or(&self.folder);
            // Lazily: a process may still have a file open.
            let _ = Command::new("umount").arg("-l").arg(root).output();
        }
    }
}
