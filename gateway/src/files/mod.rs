//! Files: what callers upload, and what jobs produce, behind addresses that work in a browser.

mod artifact;
mod content;
mod content_type;
mod delete;
mod disposition;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod meta;
mod range;
mod serve;
mod signed_url;
mod stored;
mod upload;

pub(crate) use artifact::{__path_read_artifact, read_artifact};
pub(crate) use content::{__path_read_content, read_content};
pub(crate) use content_type::{SNIFF_BYTES, sniff};
pub(crate) use delete::{__path_delete_file, delete_file};
pub(crate) use meta::{__path_read_file, read_file};
pub(crate) use stored::{FileId, StoredFile, file_key};
pub(crate) use upload::{__path_upload_file, upload_file};

#[cfg(test)]
mod tests;
