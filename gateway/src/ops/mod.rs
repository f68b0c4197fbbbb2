//! For operators' tools and for people who build on the API: health, metrics and the description of the API.

mod docs;
mod health;
mod metrics;
mod openapi;
mod readiness;
mod role_health;
#[cfg(test)]
mod schemas;
mod shared_answers;

pub(crate) use docs::docs;
pub(crate) use health::{__path_livez, __path_readyz, livez, readyz};
pub(crate) use metrics::{__path_read_metrics, read_metrics};
pub(crate) use openapi::{description, serve_description};
pub(crate) use readiness::Readiness;
pub use role_health::{check_records, serve_health};
pub(crate) use shared_answers::add_shared_answers;

#[cfg(test)]
mod tests;
