//! Lanes: every destination has its own share of the dispatcher, so that a dead or slow one never delays another.
//!
//! A delivery that finds its lane open goes at once; one that finds it busy waits a little; one that finds the wait
//! list full or the breaker open is put back by schedule without spending its attempt. Nothing here does I/O: the
//! caller sends, waits and puts back.

mod destination;
mod one;
mod permit;
mod set;
#[cfg(test)]
mod tests;

pub(crate) use destination::Destination;
pub(crate) use permit::{Grant, Permit, Waiting};
pub(crate) use set::{Admission, LaneLimits, Lanes};

/// Why a delivery is put back without an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Busy {
    /// The lane and its wait list are full, or the wait took too long.
    Full,
    /// The breaker holds the destination's tries back.
    Broken,
}

/// A delivery is put back: when to come again, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PutBack {
    /// Come again after this long.
    pub(crate) delay: std::time::Duration,
    /// Why.
    pub(crate) busy: Busy,
}
