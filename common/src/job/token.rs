//! The tenant's name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The owner of jobs, files, deliveries and keys. 1 to 64 characters of `a-z 0-9 _ -`, so that it is a subject
/// token, an object key segment and a KV key without escaping.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[a-z0-9_-]{1,64}$")]
pub struct Tenant(String);

impl Tenant {
    /// The tenant as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tenant {
    type Err = TenantError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let legal = (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b));
        if legal { Ok(Self(text.to_owned())) } else { Err(TenantError(text.to_owned())) }
    }
}

impl TryFrom<String> for Tenant {
    type Error = TenantError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Tenant> for String {
    fn from(tenant: Tenant) -> Self {
        tenant.0
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text can not name a tenant.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' can not name a tenant: use 1 to 64 of a-z, 0-9, '_' and '-'")]
pub struct TenantError(String);
