//! The first message of a queue of jobs, which is none.

/// Whether this is its subject.
pub(crate) fn is_sentinel(subject: &str) -> bool {
    subject.starts_with("jobs.")
        && subject.ends_with(".sentinel")
        && subject.split('.').count() == 3
}
