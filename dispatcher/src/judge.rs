//! What an attempt means for the delivery and for its destination.

use std::time::Duration;

use common::clock::Timestamp;

use crate::deliver::{Answer, Attempt};
use crate::guard::SendError;
use crate::retry_after;

/// What an attempt means for the delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The receiver took it.
    Delivered,
    /// The receiver says that it wants no more (410).
    Gone,
    /// Not taken.
    Failed {
        /// Why, for the owner of the endpoint.
        reason: String,
        /// How long the receiver asks us to wait.
        retry_after: Option<Duration>,
    },
}

/// Judges an attempt. Only 2xx means taken; a redirect is a failure, since following it could lead anywhere.
pub(crate) fn judge(attempt: &Attempt, now: Timestamp) -> Verdict {
    let answer = match &attempt.result {
        Ok(answer) => answer,
        Err(error) => return Verdict::Failed { reason: error.to_string(), retry_after: None },
    };
    let status = answer.status;
    let failed = |reason| Verdict::Failed { reason, retry_after: None };
    match status {
        200..=299 => Verdict::Delivered,
        410 => Verdict::Gone,
        300..=399 => failed(format!(
            "the receiver answered {status}, a redirect, which is never followed; register the final address"
        )),
        429 | 503 => Verdict::Failed {
            reason: format!("the receiver answered {status}"),
            retry_after: asked(answer, now),
        },
        _ => failed(format!("the receiver answered {status}")),
    }
}

/// Whether the destination is up, or `None` when the attempt says nothing about it. A receiver that quickly answers
/// 4xx dislikes the delivery, but does not hold anybody up.
pub(crate) fn is_well(attempt: &Attempt) -> Option<bool> {
    match &attempt.result {
        Ok(answer) => Some(!matches!(answer.status, 408 | 429 | 500..)),
        Err(error) => SendError::concerns_destination(error).then_some(false),
    }
}

fn asked(answer: &Answer, now: Timestamp) -> Option<Duration> {
    retry_after::parse(answer.retry_after.as_deref()?, now)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(0);

    fn attempt(result: Result<u16, SendError>) -> Attempt {
        Attempt {
            at: NOW,
            duration: Duration::ZERO,
            headers: BTreeMap::new(),
            result: result.map(|status| Answer {
                status,
                retry_after: Some("7".to_owned()),
                body: String::new(),
            }),
        }
    }

    fn verdict(status: u16) -> Verdict {
        judge(&attempt(Ok(status)), NOW)
    }

    #[test]
    fn only_2xx_is_delivered_and_only_410_is_gone() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(verdict(status), Verdict::Delivered, "{status}");
        }
        assert_eq!(verdict(410), Verdict::Gone);
        for status in [101, 301, 302, 307, 400, 401, 404, 429, 500, 503, 599] {
            assert!(matches!(verdict(status), Verdict::Failed { .. }), "{status}");
        }
    }

    #[test]
    fn only_429_and_503_may_ask_for_patience() {
        for status in [400, 404, 500, 502, 302] {
            assert!(matches!(verdict(status), Verdict::Failed { retry_after: None, .. }));
        }
        for status in [429, 503] {
            let asked = Some(Duration::from_secs(7));
            assert!(
                matches!(verdict(status), Verdict::Failed { retry_after, .. } if retry_after == asked)
            );
        }
    }

    #[test]
    fn a_destination_is_ill_when_it_fails_and_not_when_it_declines() {
        let well = |result| is_well(&attempt(result));
        for status in [200, 302, 400, 404, 410] {
            assert_eq!(well(Ok(status)), Some(true), "{status}");
        }
        for status in [408, 429, 500, 503] {
            assert_eq!(well(Ok(status)), Some(false), "{status}");
        }
        assert_eq!(well(Err(SendError::TimedOut)), Some(false));
        assert_eq!(well(Err(SendError::Blocked("not allowed".to_owned()))), None);
    }
}
