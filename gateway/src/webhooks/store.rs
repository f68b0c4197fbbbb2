//! Reading and changing endpoints in the live configuration.

use common::bus::ConfigWriteError;
use common::job::Tenant;
use common::webhook::{Endpoint, EndpointSecret, encode_secret, generate_secret};

use crate::api::ApiError;
use crate::state::Services;

/// How often a change is tried again when somebody else changed the endpoint meanwhile.
const WRITE_TRIES: usize = 5;

/// A tenant's endpoint and its revision.
pub(super) fn load(
    services: &Services,
    tenant: &Tenant,
    id: &str,
) -> Result<(Endpoint, u64), ApiError> {
    services
        .store
        .get::<Endpoint>(&Endpoint::key(tenant, id))
        .ok_or_else(|| ApiError::not_found("webhook endpoint"))
}

/// Changes an endpoint; `change` may run several times, each time on the newest state.
pub(super) async fn change(
    services: &Services,
    tenant: &Tenant,
    id: &str,
    mut change: impl FnMut(&mut Endpoint),
) -> Result<Endpoint, ApiError> {
    for _ in 0..WRITE_TRIES {
        let (mut endpoint, revision) = load(services, tenant, id)?;
        change(&mut endpoint);
        match services.store.update(&Endpoint::key(tenant, id), &endpoint, revision).await {
            Ok(_) => return Ok(endpoint),
            Err(ConfigWriteError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ConfigWriteError::Conflict.into())
}

/// A new secret for an endpoint: sealed for the configuration, and as text for its owner.
pub(super) fn new_secret(services: &Services, endpoint: &Endpoint) -> (EndpointSecret, String) {
    let secret = generate_secret();
    let sealed = EndpointSecret {
        sealed: services.keyring.seal(&endpoint.secret_context(), &secret),
        created_at: services.clock.now(),
        expires_at: None,
    };
    (sealed, encode_secret(&secret))
}
