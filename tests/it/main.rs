//! The system tests. One binary, so that the harness is linked once.

#[cfg(test)]
mod chaos;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod deploy;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod fleet;
#[cfg(test)]
mod interleavings;
#[cfg(test)]
mod invariants;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod llama;
#[cfg(test)]
mod media;
#[cfg(test)]
mod sdk;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod webhooks;
