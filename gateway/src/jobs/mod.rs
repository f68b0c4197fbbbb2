//! Jobs that were accepted: found, shown, canceled, their content removed.

mod cancel;
mod copy;
mod find;
mod remove;
mod show;

pub(crate) use cancel::cancel;
pub(crate) use copy::{copy_file, copy_input, copy_inputs};
pub(crate) use find::{Known, Unknown, dead_letter, decide, find};
pub(crate) use remove::remove_content;
