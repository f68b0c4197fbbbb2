//! Whether a webhook may go to a URL at all.

use std::time::Duration;

use common::egress::{Blocked, Purpose};
use common::operation::FieldError;
use url::Url;

use crate::state::Services;

/// How long a submit waits for the name of a webhook's host. A name that is not known in time is not held against the
/// caller: every attempt resolves and judges it again.
const RESOLVE_PATIENCE: Duration = Duration::from_secs(1);

/// Checks the form of a webhook URL, and that its host is not a private one. `field` names it in the error.
pub(crate) async fn check_target(
    services: &Services,
    field: &str,
    url: &str,
) -> Result<Url, FieldError> {
    let refused =
        |blocked: Blocked| FieldError { field: field.to_owned(), message: blocked.to_string() };
    let parsed = services.egress.check_url(url, Purpose::Webhook).map_err(refused)?;
    let (Some(url::Host::Domain(host)), Some(port)) =
        (parsed.host(), parsed.port_or_known_default())
    else {
        return Ok(parsed);
    };
    match tokio::time::timeout(RESOLVE_PATIENCE, services.egress.resolve(host, port)).await {
        Ok(Err(blocked)) if blocked == Blocked::Denied => Err(refused(blocked)),
        _ => Ok(parsed),
    }
}
