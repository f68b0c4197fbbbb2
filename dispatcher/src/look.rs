//! Looking at a delivery's log before anything is sent: what was done already is not done again.

use common::bus::{Bus, BusError};
use common::clock::Timestamp;
use common::webhook::{Delivery, DeliveryEvent, DeliveryStatus};

/// What the log says about a delivery that was pulled.
#[derive(Clone, Debug)]
pub(crate) enum Seen {
    /// This attempt was not made yet; the last snapshot, if there is one.
    Due(Option<DeliveryEvent>),
    /// The attempt was made and failed, but perhaps its next one was not scheduled: schedule it.
    Unscheduled(Delivery, Timestamp),
    /// The delivery has ended, with this attempt or a later one.
    Over,
}

/// Reads the log of a delivery.
pub(crate) async fn look(bus: &Bus, delivery: &Delivery) -> Result<Seen, BusError> {
    let known = bus.last_delivery_event(&delivery.tenant, delivery.id).await?;
    Ok(compare(delivery, known))
}

/// A message can come again after its attempt was made: its dispatcher died before the ack, or the outbox was
/// replayed from an older point.
fn compare(delivery: &Delivery, known: Option<DeliveryEvent>) -> Seen {
    let Some(known) = known else { return Seen::Due(None) };
    if known.attempt < delivery.attempt {
        return Seen::Due(Some(known));
    }
    match (known.status, known.next_at) {
        (DeliveryStatus::Pending, Some(at)) => {
            let next = Delivery {
                attempt: known.attempt.saturating_add(1),
                first_attempt: known.first_attempt,
                ..delivery.clone()
            };
            Seen::Unscheduled(next, at)
        }
        _ => Seen::Over,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{delivery, snapshot};

    const NOW: Timestamp = Timestamp::from_micros(0);

    #[test]
    fn an_attempt_that_was_not_made_is_due() {
        let first = delivery();
        assert!(matches!(compare(&first, None), Seen::Due(None)));
        let announced = DeliveryEvent::pending(&first, NOW, NOW);
        assert!(matches!(compare(&first, Some(announced)), Seen::Due(Some(_))));
        let failed_once = snapshot(&first, DeliveryStatus::Pending, 1, Some(NOW));
        assert!(matches!(compare(&first.next_attempt(), Some(failed_once)), Seen::Due(Some(_))));
    }

    #[test]
    fn an_attempt_that_was_made_is_not_made_again() {
        let first = delivery();
        for status in [DeliveryStatus::Delivered, DeliveryStatus::Dead] {
            let ended = snapshot(&first, status, 1, None);
            assert!(matches!(compare(&first, Some(ended)), Seen::Over));
        }
        let failed = snapshot(&first, DeliveryStatus::Pending, 3, Some(NOW));
        let Seen::Unscheduled(next, at) = compare(&first, Some(failed)) else {
            panic!("the next attempt may be missing")
        };
        assert_eq!((next.attempt, next.id, at), (4, first.id, NOW));
    }

    #[test]
    fn a_dead_delivery_that_was_never_tried_is_looked_at_again() {
        let first = delivery();
        let unwanted = snapshot(&first, DeliveryStatus::Dead, 0, None);
        assert!(matches!(compare(&first, Some(unwanted)), Seen::Due(Some(_))));
    }

    #[test]
    fn asked_for_again_it_is_due() {
        let first = delivery();
        let dead = snapshot(&first, DeliveryStatus::Dead, 11, None);
        assert!(matches!(compare(&dead.again(), Some(dead)), Seen::Due(Some(_))));
    }
}
