//! Addresses that open one object for a time, without a key: for browsers, players and CDNs.

use common::clock::Timestamp;
use common::error_code::ErrorCode;
use common::job::Artifact;
use serde::Deserialize;

use crate::api::ApiError;
use crate::state::Services;

/// What a signed address carries besides the object's key.
#[derive(Debug, Deserialize)]
pub(crate) struct Signature {
    /// When it ends, in seconds since the Unix epoch.
    pub expires: i64,
    /// The signature over key and end.
    pub signature: String,
}

impl Services {
    /// The signed address of an artifact: whole when a public address is configured, else relative to the gateway.
    pub(crate) fn artifact_url(&self, artifact: &Artifact) -> String {
        self.links.url(&artifact.key, self.clock.now())
    }
}

/// The answer to an address that we did not sign, whatever is wrong with it.
pub(super) fn not_signed() -> ApiError {
    ApiError::new(ErrorCode::PermissionDenied, "The signature of this address is not valid.")
}

/// Checks that the address was signed by us for this object, and is not over.
pub(super) fn check(services: &Services, key: &str, given: &Signature) -> Result<(), ApiError> {
    // Saturates: a number beyond all times was never signed.
    let expires = Timestamp::from_micros(given.expires.saturating_mul(1_000_000));
    if !services.keyring.verify_file(key, expires, &given.signature) {
        return Err(not_signed());
    }
    if expires <= services.clock.now() {
        let message = "This address has expired. Read the job again for a new one.";
        return Err(ApiError::new(ErrorCode::PermissionDenied, message));
    }
    Ok(())
}
