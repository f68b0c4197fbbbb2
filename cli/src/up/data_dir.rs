//! The directory where `up` keeps everything. One process at a time.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use common::secret::Secret;
use common::signing::Keyring;

use crate::failure::Failure;

/// Where the password of the nats-server is kept.
const NATS_PASSWORD: &str = "nats.password";

/// The data directory, locked for this process.
pub(crate) struct DataDir {
    path: PathBuf,
    /// Holds the lock until the process ends.
    _lock: File,
}

impl DataDir {
    /// Makes the directory when it is not there, and locks it.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let unusable = |error: std::io::Error| {
            Failure::general(format!(
                "the data directory {} can not be written: {error}; choose another with --data-dir",
                path.display()
            ))
        };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(unusable)?;
        let path = path.canonicalize().map_err(unusable)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(std::fs::TryLockError::WouldBlock) => Err(Failure::general(format!(
                "another millrace runs on {}; stop it, or choose another directory with --data-dir",
                path.display()
            ))),
            Err(std::fs::TryLockError::Error(error)) => Err(unusable(error)),
        }
    }

    /// The directory, as an absolute path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the admin key is kept.
    pub(crate) fn admin_key_path(&self) -> PathBuf {
        self.path.join("admin.key")
    }

    /// Keeps the admin key, readable by the owner only.
    pub(crate) fn keep_admin_key(&self, key: &Secret) -> Result<(), Failure> {
        write_private(&self.admin_key_path(), key.expose())
    }

    /// The master key; it is made when there is none.
    pub(crate) fn master_key(&self) -> Result<Secret, Failure> {
        self.kept("master.key", Keyring::generate_master_key)
    }

    /// The password of the nats-server that belongs to this directory; it is made when there is none.
    pub(crate) fn nats_password(&self) -> Result<Secret, Failure> {
        self.kept(NATS_PASSWORD, Secret::random)
    }

    /// The secret in a file of this directory; it is made when there is none.
    fn kept(&self, name: &str, make: impl Fn() -> Secret) -> Result<Secret, Failure> {
        let path = self.path.join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Secret::new(text.trim())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let secret = make();
                write_private(&path, secret.expose())?;
                Ok(secret)
            }
            Err(error) => {
                Err(Failure::general(format!("{} can not be read: {error}", path.display())))
            }
        }
    }
}

/// The password of the nats-server of a directory that another process may have locked; `None` when there is none, or
/// it is not ours to read.
pub(super) fn nats_password(data_dir: &Path) -> Option<Secret> {
    let text = std::fs::read_to_string(data_dir.join(NATS_PASSWORD)).ok()?;
    Some(Secret::new(text.trim()))
}

/// Writes a file that only its owner can read, whole or not at all, whoever could read what stood there before.
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let write = || {
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new)?;
        writeln!(file, "{}", text.trim_end())?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    };
    write().map_err(|error: std::io::Error| {
        Failure::general(format!("{} can not be written: {error}", path.display()))
    })
}
