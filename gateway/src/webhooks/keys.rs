//! `GET /v1/webhooks/keys` and `GET /.well-known/jwks.json`: the public keys of the `v1a` signatures.

use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use common::webhook::public_key;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::api::{ApiError, ApiJson};
use crate::state::AppState;

/// The public keys in the form of Standard Webhooks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublicKeys {
    /// Always `list`.
    object: &'static str,
    /// The keys.
    data: Vec<PublicKey>,
}

/// A public key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublicKey {
    /// Always `ed25519`.
    algorithm: &'static str,
    /// The key, `whpk_` and base64.
    public_key: String,
}

/// The public keys as a JSON Web Key Set (RFC 7517, RFC 8037).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Jwks {
    /// The keys.
    keys: Vec<Jwk>,
}

/// A JSON Web Key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Jwk {
    /// Always `OKP`.
    kty: &'static str,
    /// Always `Ed25519`.
    crv: &'static str,
    /// The key, base64url.
    x: String,
    /// Always `EdDSA`.
    alg: &'static str,
    /// Always `sig`.
    #[serde(rename = "use")]
    usage: &'static str,
    /// The thumbprint of the key (RFC 7638).
    kid: String,
}

/// Reads the public keys that the `v1a` signatures of webhooks are checked with.
#[utoipa::path(
    get, path = "/v1/webhooks/keys", tag = "webhooks", security(()),
    responses((status = 200, description = "The public keys", body = PublicKeys)),
)]
pub(crate) async fn public_keys(State(state): State<AppState>) -> ApiJson<PublicKeys> {
    let public_key = public_key(&state.keyring.webhook_ed25519_seed());
    ApiJson(PublicKeys {
        object: "list",
        data: vec![PublicKey { algorithm: "ed25519", public_key }],
    })
}

/// Reads the same public keys as a JSON Web Key Set.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "webhooks", security(()),
    responses((status = 200, description = "The key set", body = Jwks)),
)]
pub(crate) async fn jwks(State(state): State<AppState>) -> Result<ApiJson<Jwks>, ApiError> {
    let text = public_key(&state.keyring.webhook_ed25519_seed());
    let bytes = STANDARD
        .decode(text.trim_start_matches("whpk_"))
        .map_err(|error| ApiError::internal(error.to_string()))?;
    Ok(ApiJson(Jwks { keys: vec![jwk(&bytes)] }))
}

fn jwk(public: &[u8]) -> Jwk {
    let x = URL_SAFE_NO_PAD.encode(public);
    let thumbprint = Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
    Jwk {
        kty: "OKP",
        crv: "Ed25519",
        x,
        alg: "EdDSA",
        usage: "sig",
        kid: URL_SAFE_NO_PAD.encode(thumbprint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_the_rfc() {
        // RFC 8037, appendix A.3.
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let key = jwk(&URL_SAFE_NO_PAD.decode(x).unwrap());
        assert_eq!(key.x, x);
        assert_eq!(key.kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
