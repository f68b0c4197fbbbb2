//! Names become addresses only through the egress policy.

use common::egress::EgressPolicy;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Resolves by the policy: when any address of a name is denied, the whole name is. The connector dials exactly what
/// is returned here, so there is no second look-up that could answer otherwise.
pub(super) struct GuardedResolver(EgressPolicy);

impl GuardedResolver {
    pub(super) fn new(policy: EgressPolicy) -> Self {
        Self(policy)
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0.clone();
        Box::pin(async move {
            // Port 0 stands for the URL's own port, which the client fills in.
            let addresses = policy.resolve(name.as_str(), 0).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
