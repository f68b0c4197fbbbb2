//! `/v1/jobs`: one file per operation.

mod batch;
mod body;
mod cancel;
mod create;
mod delete;
mod events;
mod form;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod get;
mod list;
mod list_query;
mod result;
mod retry;

pub(crate) use batch::{__path_create_batch, create_batch};
pub(crate) use cancel::{__path_cancel_job, cancel_job};
pub(crate) use create::{__path_create_job, create_job};
pub(crate) use delete::{__path_delete_job, delete_job};
pub(crate) use events::{__path_follow_job, follow_job};
pub(crate) use get::{__path_read_job, read_job};
pub(crate) use list::{__path_list_jobs, list_jobs};
pub(crate) use result::{__path_read_result, read_result};
pub(crate) use retry::{__path_retry_job, retry_job};

#[cfg(test)]
mod tests;
