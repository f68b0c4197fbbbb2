//! Jobs that nothing would ever run again, and queues that nobody could pull from.
//!
//! A job lives on two legs: its event and its message. A crash between writing the two, an operator's purge or a lost
//! stream leaves the event alone; [`Repairer`] finds such jobs through the records and republishes their message from
//! the event. [`Consumers`] makes consumers that are missing and removes those of models that nobody offers any more.
//! [`Parked`] ends jobs whose message the broker gave up delivering. [`Sentinels`] keeps long queues fast.

mod consumers;
mod examine;
mod lost;
mod parked;
mod sentinels;
mod suspects;
mod sweep;
#[cfg(test)]
mod tests;

pub(crate) use consumers::Consumers;
pub(crate) use parked::Parked;
pub(crate) use sentinels::Sentinels;
pub(crate) use sweep::Repairer;
