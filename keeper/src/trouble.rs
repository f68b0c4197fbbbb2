//! Why a duty could not do its work this time. Every one of these passes: a duty waits and tries again.

use common::bus::{BusError, PublishError, WriteError};
use common::objects::ObjectError;
use common::records::RecordsError;

/// A duty's step did not work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error(transparent)]
    Bus(#[from] BusError),
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Records(#[from] RecordsError),
    #[error(transparent)]
    Objects(#[from] ObjectError),
    #[error("the live configuration is not proven fresh")]
    StaleConfig,
}
