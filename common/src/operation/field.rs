//! What is wrong with the parameters, field by field.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One field that can not be accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Where it stands, as a dotted path from the body, for example `input.width`.
    pub field: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Collects field errors, so that a caller learns of all of them at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Notes that `field` is wrong.
    pub fn push(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldError { field: field.into(), message: message.into() });
    }

    /// Notes `message` for `field` unless `legal`.
    pub fn check(&mut self, legal: bool, field: &str, message: impl Into<String>) {
        if !legal {
            self.push(field, message);
        }
    }

    /// Ok when nothing was noted.
    pub fn into_result(self) -> Result<(), Vec<FieldError>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}
