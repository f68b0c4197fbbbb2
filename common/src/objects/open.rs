//! Opening a store by its URL.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use url::Url;

use super::{Local, ObjectError, Objects, cloud};

impl Objects {
    /// A store in the memory of this value and its clones, for tests.
    pub fn in_memory() -> Self {
        Self { store: Arc::new(InMemory::new()), local: None, place: "memory:///".into() }
    }

    /// Opens the store at `url`; nothing is asked of it yet.
    ///
    /// - `file:///dir`: a local directory, which is made when it is missing;
    /// - `memory:///`: the memory of this value and its clones, for tests;
    /// - `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`: with the credentials, region and
    ///   endpoint from the provider's usual environment variables (`AWS_*`, `GOOGLE_*`, `AZURE_*`).
    ///
    /// The clouds need [`install_crypto`](crate::telemetry::install_crypto) first.
    pub fn open(url: &str) -> Result<Self, ObjectError> {
        Self::open_with(url, &std::env::vars_os().filter_map(readable).collect())
    }

    /// The same with another environment than that of the process.
    pub fn open_with(
        url: &str,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, ObjectError> {
        let parsed = Url::parse(url)
            .map_err(|error| ObjectError::Unsuitable(format!("'{url}' is not a URL: {error}")))?;
        if !parsed.username().is_empty() || parsed.password().is_some() {
            let scheme = parsed.scheme();
            return Err(ObjectError::Unsuitable(format!(
                "the URL {scheme}://… of the object store has credentials in it: set them in the environment"
            )));
        }
        let unsuitable = |error: object_store::Error| {
            ObjectError::Unsuitable(format!("the object store {url} can not be used: {error}"))
        };
        let place: Arc<str> = url.into();
        let store: Arc<dyn ObjectStore> = match parsed.scheme() {
            "file" => {
                let local = local(&parsed)?;
                return Ok(Self { store: local.files.clone(), local: Some(local), place });
            }
            "memory" => return Ok(Self::in_memory()),
            "s3" => within(cloud::s3(url, environment).map_err(unsuitable)?, &parsed)?,
            "gs" => within(cloud::google(url, environment).map_err(unsuitable)?, &parsed)?,
            "az" => within(cloud::azure(url, environment).map_err(unsuitable)?, &parsed)?,
            other => {
                return Err(ObjectError::Unsuitable(format!(
                    "'{other}' is no object store: use file, memory, s3, gs or az"
                )));
            }
        };
        Ok(Self { store, local: None, place })
    }
}

/// A variable that is text.
fn readable((name, value): (OsString, OsString)) -> Option<(String, String)> {
    Some((name.into_string().ok()?, value.into_string().ok()?))
}

fn local(url: &Url) -> Result<Local, ObjectError> {
    let dir = url.to_file_path().map_err(|()| {
        ObjectError::Unsuitable(format!("'{url}' names no directory: use file:///absolute/path"))
    })?;
    let unusable = |problem: &dyn std::fmt::Display| {
        ObjectError::Unsuitable(format!(
            "the object directory {} can not be used: {problem}",
            dir.display()
        ))
    };
    std::fs::create_dir_all(&dir).map_err(|error| unusable(&error))?;
    let store = LocalFileSystem::new_with_prefix(&dir)
        .map_err(|error| unusable(&error))?
        .with_fsync(true)
        .with_automatic_cleanup(true);
    // As the store knows it: without symbolic links.
    let dir = dir.canonicalize().map_err(|error| unusable(&error))?;
    Ok(Local { dir, files: Arc::new(store) })
}

/// The part of the store below the URL's path.
fn within(store: impl ObjectStore, url: &Url) -> Result<Arc<dyn ObjectStore>, ObjectError> {
    let prefix = Path::from_url_path(url.path())
        .map_err(|error| ObjectError::Unsuitable(format!("'{url}' has no good path: {error}")))?;
    if prefix.is_root() {
        return Ok(Arc::new(store));
    }
    Ok(Arc::new(PrefixStore::new(store, prefix)))
}
