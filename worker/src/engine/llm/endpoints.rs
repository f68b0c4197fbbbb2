//! All endpoints: which of them takes the next request.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use futures::future::select_all;
use tokio::sync::OwnedSemaphorePermit;

use super::endpoint::Endpoint;
use crate::engine::Offer;

/// The endpoints of an engine.
pub(super) struct Endpoints {
    all: Vec<Endpoint>,
    turn: AtomicUsize,
}

/// A slot of an endpoint; free again when dropped.
pub(super) struct Lease<'a> {
    /// The endpoint.
    pub(super) endpoint: &'a Endpoint,
    _slot: OwnedSemaphorePermit,
}

impl Endpoints {
    /// These endpoints.
    pub(super) const fn new(all: Vec<Endpoint>) -> Self {
        Self { all, turn: AtomicUsize::new(0) }
    }

    /// Each endpoint.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Endpoint> {
        self.all.iter()
    }

    /// What they offer together, each model once.
    pub(super) fn offers(&self) -> Vec<Offer> {
        let mut all: Vec<Offer> = Vec::new();
        for offer in self.all.iter().flat_map(|endpoint| endpoint.offers().to_vec()) {
            let Some(known) = all.iter_mut().find(|known| known.model == offer.model) else {
                all.push(offer);
                continue;
            };
            known.warm |= offer.warm;
            for operation in offer.operations {
                if !known.operations.contains(&operation) {
                    known.operations.push(operation);
                }
            }
        }
        all
    }

    /// A slot of an endpoint that offers the model and is none of `tried`: round robin over those with a free slot,
    /// else whichever has one first. `None` when no endpoint is left.
    pub(super) async fn lease<'a>(
        &'a self,
        model: &str,
        tried: &[&'a Endpoint],
    ) -> Option<Lease<'a>> {
        let mut fit: Vec<&Endpoint> = self
            .all
            .iter()
            .filter(|endpoint| endpoint.has(model))
            .filter(|endpoint| !tried.iter().any(|tried| std::ptr::eq(*tried, *endpoint)))
            .collect();
        if fit.is_empty() {
            return None;
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % fit.len();
        fit.rotate_left(turn);
        let slots = fit.into_iter().map(|endpoint| {
            async move { Lease { endpoint, _slot: endpoint.slot().await } }.boxed()
        });
        // The futures are polled in their order, so a free slot earlier in the turn wins.
        let (lease, _, _) = select_all(slots).await;
        Some(lease)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::llm::EndpointOptions;
    use crate::engine::llm::listing;

    fn endpoint(port: u16, slots: usize, models: &str) -> Endpoint {
        let mut options = EndpointOptions::new(format!("http://127.0.0.1:{port}"));
        options.slots = slots;
        let endpoint = Endpoint::new(options).unwrap();
        endpoint.found(&listing::parse(models.as_bytes()).unwrap());
        endpoint
    }

    #[tokio::test]
    async fn requests_go_round_and_prefer_a_free_slot() {
        let both = r#"[{"id":"m"}]"#;
        let endpoints = Endpoints::new(vec![endpoint(1, 2, both), endpoint(2, 1, both)]);
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(endpoints.lease("m", &[]).await.unwrap());
        }
        let names: Vec<_> = held.iter().map(|lease| lease.endpoint.name().to_string()).collect();
        assert_eq!(names, ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:1"]);
        assert!(endpoints.lease("m", &[]).now_or_never().is_none(), "all slots are taken");
        held.remove(1);
        let next = endpoints.lease("m", &[]).await.unwrap();
        assert_eq!(next.endpoint.name().to_string(), "127.0.0.1:2");
    }

    #[tokio::test]
    async fn only_those_that_have_the_model_are_asked() {
        let endpoints = Endpoints::new(vec![
            endpoint(1, 1, r#"[{"id":"a"}]"#),
            endpoint(2, 1, r#"[{"id":"b"}]"#),
        ]);
        for _ in 0..2 {
            let lease = endpoints.lease("b", &[]).await.unwrap();
            assert_eq!(lease.endpoint.name().to_string(), "127.0.0.1:2");
            assert!(endpoints.lease("b", &[lease.endpoint]).await.is_none());
        }
        assert!(endpoints.lease("c", &[]).await.is_none());
    }

    #[test]
    fn a_model_of_two_endpoints_is_offered_once() {
        let cold = r#"[{"id":"m","status":"unloaded","type":"llm"}]"#;
        let warm = r#"[{"id":"m","type":"embeddings"},{"id":"n"}]"#;
        let offers = Endpoints::new(vec![endpoint(1, 1, cold), endpoint(2, 1, warm)]).offers();
        assert_eq!(offers.len(), 2);
        assert!(offers[0].warm);
        assert_eq!(offers[0].operations, ["chat", "embeddings"]);
    }

    #[test]
    fn an_endpoint_is_down_after_two_misses_and_up_at_once() {
        let endpoint = endpoint(1, 1, r#"[{"id":"m"}]"#);
        endpoint.missed(&"refused");
        assert!(endpoint.has("m"));
        endpoint.missed(&"refused");
        assert!(!endpoint.has("m"));
        endpoint.found(&listing::parse(br#"[{"id":"m"}]"#).unwrap());
        assert!(endpoint.has("m"));
    }
}
