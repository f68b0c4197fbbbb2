//! The tools of an operator. They talk to a gateway, like everybody else.

mod client;
mod jobs;
mod keys;
mod queues;
mod workers;

pub(crate) use client::Client;
pub(crate) use jobs::run as jobs;
pub(crate) use keys::run as keys;
pub(crate) use queues::run as queues;
pub(crate) use workers::run as workers;
