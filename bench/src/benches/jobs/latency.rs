//! How soon a job starts when nothing is in its way.

use crate::benches::pickup::pickup;
use crate::context::Context;
use crate::load::Plan;
use crate::report::Sheet;
use crate::system::{Role, Sync};

use super::{submit, word, worker};

/// Jobs a second.
const RATE: f64 = 200.0;

/// One round.
pub(super) async fn measure(
    context: &Context,
    sheet: &mut Sheet,
    sync: Sync,
) -> anyhow::Result<()> {
    let mut system = context.system(sync, &[]).await?;
    for role in [Role::Gateway, Role::Keeper, worker()] {
        system.add(role).await?;
    }
    let plan = Plan::steady(RATE, context.scale.lasting(6.0));
    let requests = vec![submit(system.key())];
    let found = pickup(&system, requests, context.scale.warm_up(), plan).await?;
    for (percent, quantile) in [(50, 0.5), (99, 0.99)] {
        sheet.pool(&row(percent, sync), quantile, &found.started, None);
    }
    sheet.spent(&row(50, sync), &found.spent, found.jobs);
    sheet.add(&format!("submitted to accepted, p50{}", word(sync)), "ms", found.accepted.ms(0.5));
    sheet.add(&format!("submitted to ended, p50{}", word(sync)), "ms", found.ended.ms(0.5));
    system.stop().await;
    Ok(())
}

/// The row of a quantile.
pub(super) fn row(percent: u32, sync: Sync) -> String {
    format!("pickup at {RATE:.0} jobs/s, p{percent}{}", word(sync))
}
