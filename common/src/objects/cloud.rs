//! Clients of the clouds, with what their variables of the environment say.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::azure::{MicrosoftAzure, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorage, GoogleCloudStorageBuilder};
use object_store::{BackoffConfig, ClientOptions, Result, RetryConfig};

/// How long a connection to a cloud may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest silence of a cloud within an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

type Environment = BTreeMap<String, String>;

/// Amazon's S3, or what speaks like it: `AWS_*`.
pub(super) fn s3(url: &str, environment: &Environment) -> Result<AmazonS3> {
    let builder = AmazonS3Builder::new().with_client_options(client()).with_retry(retry());
    settings("AWS_", environment)
        .fold(builder, |builder, (key, value)| builder.with_config(key, value))
        .with_url(url)
        .build()
}

/// Google Cloud Storage: `GOOGLE_*`, and `SERVICE_ACCOUNT`.
pub(super) fn google(url: &str, environment: &Environment) -> Result<GoogleCloudStorage> {
    let mut builder =
        GoogleCloudStorageBuilder::new().with_client_options(client()).with_retry(retry());
    if let Some(path) = environment.get("SERVICE_ACCOUNT") {
        builder = builder.with_service_account_path(path);
    }
    settings("GOOGLE_", environment)
        .fold(builder, |builder, (key, value)| builder.with_config(key, value))
        .with_url(url)
        .build()
}

/// Microsoft's Blob Storage: `AZURE_*`, and `IDENTITY_ENDPOINT`.
pub(super) fn azure(url: &str, environment: &Environment) -> Result<MicrosoftAzure> {
    let mut builder =
        MicrosoftAzureBuilder::new().with_client_options(client()).with_retry(retry());
    if let Some(endpoint) = environment.get("IDENTITY_ENDPOINT") {
        builder = builder.with_msi_endpoint(endpoint);
    }
    settings("AZURE_", environment)
        .fold(builder, |builder, (key, value)| builder.with_config(key, value))
        .with_url(url)
        .build()
}

/// The variables that begin with `prefix` and that the client knows.
fn settings<'a, K: FromStr>(
    prefix: &'static str,
    environment: &'a Environment,
) -> impl Iterator<Item = (K, &'a String)> {
    environment
        .iter()
        .filter(move |(name, _)| name.starts_with(prefix))
        .filter_map(|(name, value)| Some((name.to_ascii_lowercase().parse().ok()?, value)))
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

#[cfg(test)]
mod tests {
    use object_store::aws::AmazonS3ConfigKey;
    use object_store::azure::AzureConfigKey;
    use object_store::gcp::GoogleConfigKey;

    /// An unknown variable would be passed over in silence.
    #[test]
    fn every_documented_variable_is_read() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/OPERATIONS.md");
        let text = std::fs::read_to_string(path).unwrap();
        let words = text.split(|c: char| !c.is_ascii_uppercase() && c != '_');
        let mut read = 0;
        for word in words {
            let name = word.to_ascii_lowercase();
            let known = match word.split_once('_') {
                Some(("AWS", _)) => name.parse::<AmazonS3ConfigKey>().is_ok(),
                Some(("AZURE", _)) => name.parse::<AzureConfigKey>().is_ok(),
                Some(("GOOGLE", _)) => name.parse::<GoogleConfigKey>().is_ok(),
                _ => continue,
            };
            assert!(known, "nothing reads {word}");
            read += 1;
        }
        assert!(read > 10, "the table was not found");
    }
}
