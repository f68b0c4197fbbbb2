//! What is over its retention.
//!
//! [`Cleaner`] follows the records: content of ended jobs, objects of runs that lost, old rows. [`FileCleaner`] needs no
//! records: uploaded files and counters whose window has ended. [`OrphanCleaner`] looks for objects that no job needs: of
//! jobs that were never accepted, and inputs whose dead letter is gone. Presence needs no cleaning: the broker forgets a worker that is silent.

mod content;
mod files;
mod orphans;
mod records;
#[cfg(test)]
mod tests;

pub(crate) use files::FileCleaner;
pub(crate) use orphans::OrphanCleaner;
pub(crate) use records::Cleaner;
