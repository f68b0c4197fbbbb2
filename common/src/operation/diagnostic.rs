//! Parameters of the diagnostic operations.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{FieldError, FieldErrors};

/// Answers its own parameters, whatever they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Echo {}

/// Sleeps, reporting progress at every tenth of the time.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sleep {
    /// How long, in milliseconds; at most one hour.
    #[schema(minimum = 0, maximum = 3_600_000)]
    pub ms: u64,
}

/// Fails.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fail {
    /// Fails this many attempts and then succeeds; absent means always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Whether the failure may pass; one that may not is never run again.
    #[serde(default = "yes")]
    pub retryable: bool,
    /// The message of the failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

const fn yes() -> bool {
    true
}

#[expect(clippy::unnecessary_wraps, reason = "all checks have one shape")]
pub(super) fn check_echo(_: &RawValue) -> Result<(), Vec<FieldError>> {
    Ok(())
}

pub(super) fn check_sleep(input: &RawValue) -> Result<(), Vec<FieldError>> {
    let mut errors = FieldErrors::default();
    match serde_json::from_str::<Sleep>(input.get()) {
        Ok(sleep) => {
            errors.check(sleep.ms <= 3_600_000, "ms", "must be at most 3600000 (one hour)");
        }
        Err(error) => errors.push("", error.to_string()),
    }
    errors.into_result()
}

pub(super) fn check_fail(input: &RawValue) -> Result<(), Vec<FieldError>> {
    let mut errors = FieldErrors::default();
    if let Err(error) = serde_json::from_str::<Fail>(input.get()) {
        errors.push("", error.to_string());
    }
    errors.into_result()
}
