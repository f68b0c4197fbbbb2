//! Who hears of an event: the URL given with the job, and the tenant's registered endpoints.

use std::time::Duration;

use common::job::{JobEvent, Tenant};
use common::webhook::{DeliveryTarget, Endpoint};

use crate::context::Context;

/// How far the clocks of a worker and a gateway may be apart.
const SKEW: Duration = Duration::from_mins(5);

/// The targets of a terminal event. An endpoint that was registered after the event does not hear of it: an event may
/// be told again long after it happened, when its content is removed.
pub(super) fn of(context: &Context, event: &JobEvent) -> Vec<DeliveryTarget> {
    let own = event.job.webhook.clone().map(DeliveryTarget::Url);
    let endpoints = endpoints(context, &event.job.tenant, event.kind.as_str());
    let registered = endpoints
        .into_iter()
        .filter(|endpoint| endpoint.created_at <= event.time.plus(SKEW))
        .map(|endpoint| DeliveryTarget::Endpoint { id: endpoint.id, url: endpoint.url });
    own.into_iter().chain(registered).collect()
}

/// The tenant's endpoints that hear of this type of event. The live configuration must be fresh.
pub(super) fn endpoints(context: &Context, tenant: &Tenant, event_type: &str) -> Vec<Endpoint> {
    let all = context.live.list::<Endpoint>(&Endpoint::prefix(tenant));
    all.into_iter()
        .map(|(_, endpoint)| endpoint)
        .filter(|endpoint| endpoint.wants(event_type))
        .collect()
}
