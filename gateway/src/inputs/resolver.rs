//! Name resolution under the egress policy: what is judged is what is dialled.

use common::egress::EgressPolicy;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Resolves names for the HTTP client; any address that is not allowed refuses them all.
pub(super) struct GuardedResolver(pub EgressPolicy);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0.clone();
        Box::pin(async move {
            // The client puts the URL's port in the place of 0.
            let addresses = policy.resolve(name.as_str(), 0).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
