//! The files of a job: fetched from a URL, taken from an upload or a form, and put where the worker reads them by key.
//! A worker never sees a caller's URL.

mod take;
mod data_url;
mod fetcher;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod resolver;
mod store;

pub(crate) use fetcher::Fetcher;
pub(crate) use store::store_part;
pub(crate) use take::{fetch, from_file_id, from_part};
