//! The ten invariants of the design, each broken at as hard as a test can. The file names are theirs.

mod accepted_is_durable;
mod at_least_once;
mod bounded;
mod configuration;
mod one_end;
mod result_event_ack;
mod sql_is_off_the_hot_path;
mod stateless;
mod tenants;
mod workers;
