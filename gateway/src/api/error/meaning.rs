//! What the failures of inner layers mean to a caller.

use std::time::Duration;

use common::bus::{BusError, ConfigWriteError, PublishError, WriteError};
use common::error_code::ErrorCode;
use common::job::IllegalTransition;
use common::objects::ObjectError;
use common::records::RecordsError;

use super::ApiError;

impl From<BusError> for ApiError {
    fn from(error: BusError) -> Self {
        match error {
            BusError::Unavailable(_) => Self::unavailable("NATS", error),
            BusError::Unsuitable(_)
            | BusError::Conflict { .. }
            | BusError::TooManyConsumers { .. }
            | BusError::Undecodable { .. } => Self::internal(error),
        }
    }
}

impl From<PublishError> for ApiError {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Full => {
                Self::new(ErrorCode::QueueFull, "The queue is full. Please try again later.")
                    .retry_after(Duration::from_secs(10))
                    .caused_by(error)
            }
            PublishError::TooLarge => {
                Self::new(ErrorCode::TooLarge, "The content is too large for one message.")
                    .caused_by(error)
            }
            PublishError::Unavailable(_) => Self::unavailable("NATS", error),
        }
    }
}

impl From<WriteError> for ApiError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Conflict(_) => {
                Self::conflict("The job has moved on in the meantime.").caused_by(error)
            }
            WriteError::Full => Self::unavailable("event store", error),
            WriteError::Unavailable(_) => Self::unavailable("NATS", error),
        }
    }
}

impl From<ConfigWriteError> for ApiError {
    fn from(error: ConfigWriteError) -> Self {
        match error {
            ConfigWriteError::Conflict => {
                Self::conflict("It was changed by somebody else in the meantime. Read it again.")
            }
            ConfigWriteError::Bus(error) => error.into(),
        }
    }
}

impl From<ObjectError> for ApiError {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::NotFound(_) => Self::not_found("file").caused_by(error),
            ObjectError::TooLarge { limit } => Self::too_large(limit).caused_by(error),
            ObjectError::Full | ObjectError::Unavailable(_) => {
                Self::unavailable("object store", error)
            }
            ObjectError::BadKey(_) | ObjectError::Unsuitable(_) | ObjectError::Local(_) => {
                Self::internal(error)
            }
        }
    }
}

impl From<RecordsError> for ApiError {
    fn from(error: RecordsError) -> Self {
        if error.is_unavailable() {
            Self::unavailable("records", error)
        } else {
            Self::internal(error)
        }
    }
}

impl From<IllegalTransition> for ApiError {
    fn from(error: IllegalTransition) -> Self {
        Self::conflict(error.to_string())
    }
}
