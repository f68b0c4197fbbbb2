//! Why a job was not accepted, and what a caller is told.

use std::time::Duration;

use common::bus::BusError;
use common::error_code::ErrorCode;
use common::job::JobId;
use common::objects::ObjectError;
use common::operation::{FieldError, UnknownOperation};
use http::HeaderValue;

use crate::api::ApiError;
use crate::catalog::UnknownModel;
use crate::style::JOB_HEADER;

/// How soon a caller may come again when a queue is full.
const FULL_RETRY: Duration = Duration::from_secs(10);

/// A job was not accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no such operation.
    #[error(transparent)]
    Operation(#[from] UnknownOperation),
    /// No worker ever offered the model for the operation.
    #[error(transparent)]
    Model(#[from] UnknownModel),
    /// Fields are wrong.
    #[error("{} fields are wrong", .0.len())]
    Invalid(Vec<FieldError>),
    /// The idempotency key was used with another request.
    #[error("the idempotency key was used with another request")]
    IdempotencyMismatch,
    /// A queue takes no more.
    #[error("the queue is full")]
    Full,
    /// There are as many model queues as the broker may have, and none for this model.
    #[error("{0}")]
    TooManyQueues(String),
    /// The tenant has as many delayed jobs in that hour as it may.
    #[error("the tenant has {limit} jobs delayed to that hour")]
    TooManyDelayed {
        /// How many it may have.
        limit: i64,
    },
    /// The job does not fit into a message.
    #[error("the job is too large for a message")]
    TooLarge,
    /// An input file can not be had.
    #[error("an input file can not be had: {0:?}")]
    Input(ApiError),
    /// The broker does not answer. A job that is named may have been accepted.
    #[error("NATS does not answer: {cause}")]
    Unavailable {
        /// The job that may have been accepted.
        job: Option<JobId>,
        /// What happened.
        cause: String,
    },
    /// The object store does not take the input.
    #[error(transparent)]
    Objects(#[from] ObjectError),
    /// Something failed that should not have.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// One wrong field.
    pub(super) fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { field: field.into(), message: message.into() }])
    }
}

impl Error {
    /// The same error, naming the job that may have been accepted.
    pub(super) fn of_job(self, id: JobId) -> Self {
        match self {
            Self::Unavailable { cause, .. } => Self::Unavailable { job: Some(id), cause },
            other => other,
        }
    }
}

impl From<BusError> for Error {
    fn from(error: BusError) -> Self {
        Self::Unavailable { job: None, cause: error.to_string() }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Operation(unknown) => {
                let text = format!("there is no operation '{}'", unknown.name);
                Self::new(ErrorCode::OperationNotFound, sentence(&text, &unknown.nearest))
                    .param("operation")
            }
            Error::Model(unknown) => Self::new(
                ErrorCode::ModelNotFound,
                sentence(&unknown.to_string(), &unknown.nearest),
            )
            .param("model"),
            Error::Invalid(fields) => Self::invalid(fields),
            Error::IdempotencyMismatch => Self::new(
                ErrorCode::IdempotencyMismatch,
                "This Idempotency-Key was used with another request. Use a new key.",
            ),
            Error::Full => {
                Self::new(ErrorCode::QueueFull, "The queue is full. Please try again later.")
                    .retry_after(FULL_RETRY)
            }
            Error::TooManyQueues(cause) => {
                tracing::error!(cause, "a job is refused: there can be no queue for its model");
                let text = "There are as many model queues as there may be. Tell the operator.";
                Self::new(ErrorCode::QueueFull, text).retry_after(FULL_RETRY)
            }
            Error::TooManyDelayed { limit } => Self::new(
                ErrorCode::RateLimited,
                format!("No more than {limit} jobs may be delayed to the same hour."),
            ),
            Error::TooLarge => {
                Self::new(ErrorCode::TooLarge, "The job is too large. Give large content as files.")
            }
            Error::Input(error) => error,
            Error::Unavailable { job, cause } => {
                let error = Self::unavailable("NATS", cause);
                match job {
                    Some(job) => named(error, job),
                    None => error,
                }
            }
            Error::Objects(error) => error.into(),
            Error::Internal(cause) => Self::internal(cause),
        }
    }
}

/// Names the job in the answer.
pub(crate) fn named(error: ApiError, job: JobId) -> ApiError {
    match HeaderValue::from_str(&job.to_string()) {
        Ok(value) => error.header(JOB_HEADER, value),
        Err(_) => error,
    }
}

/// The text as a sentence, with what may have been meant.
fn sentence(text: &str, nearest: &[String]) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    let text: String = first.chain(letters).collect();
    if nearest.is_empty() {
        format!("{text}.")
    } else {
        format!("{text}; did you mean {}?", nearest.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        let error = Error::Model(UnknownModel {
            model: "lama".into(),
            operation: "chat".into(),
            nearest: vec!["llama".into()],
        });
        let answer = ApiError::from(error);
        assert_eq!(answer.status(), 404);
        assert_eq!(answer.message(), "There is no model 'lama' for chat; did you mean llama?");
    }

    #[test]
    fn a_full_queue_is_worth_repeating() {
        assert_eq!(ApiError::from(Error::Full).status(), 429);
    }
}
