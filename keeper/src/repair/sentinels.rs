//! Moves the sentinels of the queues on, and puts back those that somebody removed.

use std::time::Duration;

use common::operation::Operation;

use crate::context::Context;
use crate::duty::{Duty, Next};
use crate::trouble::Trouble;

const INTERVAL: Duration = Duration::from_mins(10);
/// Jobs after which a sentinel moves on. What the broker keeps until then is some megabytes.
const FAR: u64 = 100_000;

/// Looks after the sentinels.
pub(crate) struct Sentinels {
    context: Context,
}

impl Sentinels {
    pub(crate) fn new(context: &Context) -> Self {
        Self { context: context.clone() }
    }
}

impl Duty for Sentinels {
    fn name(&self) -> &'static str {
        "sentinels"
    }

    async fn tick(&mut self) -> Result<Next, Trouble> {
        let mut trouble = None;
        for capability in Operation::capabilities() {
            // One whose queue has no leader holds no other up.
            trouble = self.context.bus.renew_sentinel(capability, FAR).await.err().or(trouble);
        }
        trouble.map_or(Ok(Next::In(INTERVAL)), |error| Err(error.into()))
    }
}
