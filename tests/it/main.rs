//! The system tests. One binary, so that the harness is linked once.

#[cfg(test)]
mod fleet;
#[cfg(test)]
mod interleavings;
#[cfg(test)]
mod invariants;
#[cfg(test)]
mod stories;
