//! The one way in: every route translates its body into a [`SubmitRequest`] and comes through here.
//!
//! The modules stand in the order of the flow: request, validate, admit, inputs, envelope, publish.

mod request;
mod error;

mod validate;
mod admit;
mod inputs;
mod envelope;
mod publish;

mod patience;
mod run;
mod batch;
#[cfg(test)]
mod tests;

pub(crate) use batch::submit_all;
pub(crate) use error::Error;
pub(crate) use error::named;
pub(crate) use publish::publish_call;
pub(crate) use request::{Durability, FileSource, GivenFile, SubmitRequest};
pub(crate) use run::{Submitted, submit};
