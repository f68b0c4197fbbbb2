//! A registered endpoint, as it stands in the live configuration.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::job::Tenant;

/// A registered URL that hears of a tenant's events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Endpoint {
    /// The endpoint.
    pub id: String,
    /// The owner.
    pub tenant: Tenant,
    /// Where its deliveries are posted.
    pub url: String,
    /// The owner's own words.
    #[serde(default)]
    pub description: String,
    /// The event types it hears of; empty means all.
    #[serde(default)]
    pub events: Vec<String>,
    /// Its signing secrets; several while one replaces another.
    pub secrets: Vec<EndpointSecret>,
    /// Set while it gets nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Disabled>,
    /// When it was registered.
    pub created_at: Timestamp,
}

impl Endpoint {
    /// The endpoint's key in the live configuration.
    pub fn key(tenant: &Tenant, id: &str) -> String {
        format!("{}{id}", Self::prefix(tenant))
    }

    /// What the keys of a tenant's endpoints begin with.
    pub fn prefix(tenant: &Tenant) -> String {
        format!("endpoints.{tenant}.")
    }

    /// The context in which a secret of this endpoint is sealed: a sealed secret opens for no other endpoint.
    pub fn secret_context(&self) -> String {
        format!("webhook-endpoint:{}:{}", self.tenant, self.id)
    }

    /// Whether it hears of events of this type.
    pub fn wants(&self, event_type: &str) -> bool {
        self.disabled.is_none()
            && (self.events.is_empty() || self.events.iter().any(|wanted| wanted == event_type))
    }

    /// The secrets that have not expired at `now`, newest first.
    pub fn live_secrets(&self, now: Timestamp) -> Vec<&EndpointSecret> {
        let mut live: Vec<_> = self.secrets.iter().filter(|secret| secret.is_live(now)).collect();
        live.sort_by_key(|secret| std::cmp::Reverse(secret.created_at));
        live
    }
}

/// One signing secret of an endpoint, encrypted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EndpointSecret {
    /// The secret's bytes, sealed by the keyring in [`Endpoint::secret_context`].
    pub sealed: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops signing; absent for the current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl EndpointSecret {
    /// Whether it signs at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires_at| expires_at > now)
    }
}

impl fmt::Debug for EndpointSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointSecret")
            .field("created_at", &self.created_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Why and since when an endpoint gets nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Disabled {
    /// Since when.
    pub at: Timestamp,
    /// Why, in a sentence.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn endpoint() -> Endpoint {
        let now = Timestamp::from_micros(0);
        let secret = |sealed: &str, at, expires_at| EndpointSecret {
            sealed: sealed.to_owned(),
            created_at: at,
            expires_at,
        };
        let later = now.plus(Duration::from_secs(10));
        Endpoint {
            id: "ep_1".to_owned(),
            tenant: "acme".parse().unwrap(),
            url: "https://example.com/hook".to_owned(),
            description: String::new(),
            events: vec!["job.failed".to_owned()],
            secrets: vec![secret("old", now, Some(later)), secret("new", later, None)],
            disabled: None,
            created_at: now,
        }
    }

    #[test]
    fn an_old_secret_signs_until_it_expires() {
        let live = |seconds| {
            let now = Timestamp::from_micros(0).plus(Duration::from_secs(seconds));
            endpoint().live_secrets(now).iter().map(|s| s.sealed.clone()).collect::<Vec<_>>()
        };
        assert_eq!(live(9), ["new", "old"]);
        assert_eq!(live(10), ["new"]);
    }

    #[test]
    fn a_disabled_endpoint_wants_nothing() {
        let mut endpoint = endpoint();
        assert!(endpoint.wants("job.failed") && !endpoint.wants("job.succeeded"));
        endpoint.events.clear();
        assert!(endpoint.wants("job.succeeded"));
        endpoint.disabled =
            Some(Disabled { at: endpoint.created_at, reason: "asked to".to_owned() });
        assert!(!endpoint.wants("job.succeeded"));
    }
}
