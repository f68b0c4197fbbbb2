//! What crashed writers left behind in a local directory.

use std::path::Path;
use std::time::Duration;

use super::{Local, ObjectError, Objects};

impl Objects {
    /// Removes the unfinished files of writers that died more than `age` ago, and returns how many there were. They
    /// are no objects, so no list shows them. Does nothing in a cloud, which has its own rules for incomplete
    /// uploads.
    pub async fn remove_leftovers(&self, age: Duration) -> Result<u64, ObjectError> {
        let Some(Local { dir: root, .. }) = self.local.clone() else { return Ok(0) };
        tokio::task::spawn_blocking(move || sweep(&root, age))
            .await
            .map_err(|error| ObjectError::Unavailable(error.to_string()))?
    }
}

fn sweep(root: &Path, age: Duration) -> Result<u64, ObjectError> {
    let mut removed = 0;
    let mut dirs = vec![root.to_owned()];
    while let Some(dir) = dirs.pop() {
        let entries = match std::fs::read_dir(&dir) {
            Ok(entries) => entries,
            // The last object of the directory was removed in the meantime, and the directory with it.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(ObjectError::file(&dir)(error)),
        };
        for entry in entries {
            let path = entry.map_err(ObjectError::file(&dir))?.path();
            if path.is_dir() {
                dirs.push(path);
            } else if is_unfinished(&path) && is_older(&path, age) {
                removed += u64::from(std::fs::remove_file(&path).is_ok());
            }
        }
    }
    Ok(removed)
}

/// Unfinished files end with `#` and a number; names of objects never do.
fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.rsplit_once('#').is_some_and(|(_, number)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// By the file system's own clock, which stamped the file.
fn is_older(path: &Path, age: Duration) -> bool {
    let modified = std::fs::metadata(path).and_then(|meta| meta.modified());
    modified.ok().and_then(|at| at.elapsed().ok()).is_some_and(|elapsed| elapsed >= age)
}
