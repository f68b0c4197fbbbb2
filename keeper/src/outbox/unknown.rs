//! Ends that their leader does not know.
//!
//! A leader that was cut off answers for about ten seconds more, and for a moment when it is back, as if nothing had been
//! stored since. Who believed it would take an end for removed and tell nobody of it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long an end must be unknown until it is believed to be removed: longer than a leader goes on that is cut off.
const DOUBT: Duration = Duration::from_secs(20);
/// When it is forgotten that an end was unknown: somebody else has worked on it meanwhile.
const FORGOTTEN: Duration = Duration::from_mins(10);

/// The ends that were unknown when they were last asked for, by sequence, and since when.
#[derive(Debug, Default)]
pub(super) struct Unknown(Mutex<HashMap<u64, Instant>>);

impl Unknown {
    /// Notes that the end of this sequence is unknown, and tells whether it has been for so long that it is believed.
    pub(super) fn is_believed(&self, sequence: u64, now: Instant) -> bool {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.retain(|_, since| now.duration_since(*since) < FORGOTTEN);
        let first = *since.entry(sequence).or_insert(now);
        let is_believed = now.duration_since(first) >= DOUBT;
        if is_believed {
            since.remove(&sequence);
        }
        is_believed
    }

    /// Notes that it is known after all.
    pub(super) fn is_known(&self, sequence: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&sequence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_unknown_for_long_before_it_is_believed_to_be_removed() {
        let (unknown, start) = (Unknown::default(), Instant::now());
        assert!(!unknown.is_believed(7, start));
        assert!(!unknown.is_believed(7, start + DOUBT / 2));
        assert!(!unknown.is_believed(8, start + DOUBT));
        assert!(unknown.is_believed(7, start + DOUBT));
        // Known in between: the doubt begins anew.
        unknown.is_known(8);
        assert!(!unknown.is_believed(8, start + 3 * DOUBT));
        // Of long ago: another keeper has had it.
        assert!(!unknown.is_believed(8, start + 3 * DOUBT + FORGOTTEN));
    }
}
