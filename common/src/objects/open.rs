//! Opening a store by its URL.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};
use url::Url;

use super::{ObjectError, Objects};

/// How long a connection to a cloud may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest silence of a cloud within an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

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
        let parsed = Url::parse(url)
            .map_err(|error| ObjectError::Unsuitable(format!("'{url}' is not a URL: {error}")))?;
        let unsuitable = |error: object_store::Error| {
            ObjectError::Unsuitable(format!("the object store {url} can not be used: {error}"))
        };
        let place: Arc<str> = url.into();
        let store: Arc<dyn ObjectStore> = match parsed.scheme() {
            "file" => {
                let (store, dir) = local(&parsed)?;
                return Ok(Self { store: Arc::new(store), local: Some(dir), place });
            }
            "memory" => return Ok(Self::in_memory()),
            "s3" => {
                let builder = AmazonS3Builder::from_env().with_url(url);
                let builder = builder.with_client_options(client()).with_retry(retry());
                within(builder.build().map_err(unsuitable)?, &parsed)?
            }
            "gs" => {
                let builder = GoogleCloudStorageBuilder::from_env().with_url(url);
                let builder = builder.with_client_options(client()).with_retry(retry());
                within(builder.build().map_err(unsuitable)?, &parsed)?
            }
            "az" => {
                let builder = MicrosoftAzureBuilder::from_env().with_url(url);
                let builder = builder.with_client_options(client()).with_retry(retry());
                within(builder.build().map_err(unsuitable)?, &parsed)?
            }
            other => {
                return Err(ObjectError::Unsuitable(format!(
                    "'{other}' is no object store: use file, memory, s3, gs or az"
                )));
            }
        };
        Ok(Self { store, local: None, place })
    }
}

fn local(url: &Url) -> Result<(LocalFileSystem, PathBuf), ObjectError> {
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
    Ok((store, dir))
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

/// Bodies have no limit of their own here: every call of ours has one that fits its size.
fn client() -> ClientOptions {
    ClientOptions::new()
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_read_timeout(READ_TIMEOUT)
        .with_timeout_disabled()
        .with_allow_http(true)
}

fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: 4,
        retry_timeout: Duration::from_secs(20),
    }
}
