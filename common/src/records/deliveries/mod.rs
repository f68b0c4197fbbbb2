//! The records of webhook deliveries: the last snapshot of each.

mod list;
mod read;
mod remove;
mod write;

pub use list::DeliveryFilter;
pub use read::DeliveryRecord;
