//! One endpoint: its settings, what it offers now, and its free slots.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use common::secret::Secret;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Client, Method, RequestBuilder};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::base_url::BaseUrl;
use super::listing::{self, Listed};
use super::options::{EndpointOptions, Error};
use crate::engine::Offer;

/// After this many failed tries in a row nothing is offered.
const MISSES_UNTIL_DOWN: u32 = 2;

/// An endpoint and what is known of it.
pub(super) struct Endpoint {
    base: BaseUrl,
    options: EndpointOptions,
    authorization: Option<HeaderValue>,
    slots: Arc<Semaphore>,
    offers: ArcSwap<Vec<Offer>>,
    misses: AtomicU32,
    suspicion: Notify,
    refuses_usage_option: AtomicBool,
}

impl Endpoint {
    /// An endpoint that offers nothing until its models are known.
    pub(super) fn new(options: EndpointOptions) -> Result<Self, Error> {
        let base = BaseUrl::parse(&options.url)?;
        let authorization = options
            .key
            .as_ref()
            .map(|key| {
                let mut value = HeaderValue::try_from(format!("Bearer {}", key.expose()))
                    .map_err(|_| Error::Key(base.to_string()))?;
                value.set_sensitive(true);
                Ok::<_, Error>(value)
            })
            .transpose()?;
        Ok(Self {
            base,
            slots: Arc::new(Semaphore::new(options.slots.max(1))),
            authorization,
            options,
            offers: ArcSwap::default(),
            misses: AtomicU32::new(0),
            suspicion: Notify::new(),
            refuses_usage_option: AtomicBool::new(false),
        })
    }

    /// What logs call it.
    pub(super) const fn name(&self) -> &BaseUrl {
        &self.base
    }

    /// How many requests it is asked at once.
    pub(super) fn slots(&self) -> usize {
        self.options.slots.max(1)
    }

    /// Waits for a free slot.
    pub(super) async fn slot(&self) -> OwnedSemaphorePermit {
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        slot.expect("the semaphore lives as long as the endpoint and is never closed")
    }

    /// A request to a route, with the key.
    pub(super) fn request(&self, client: &Client, method: Method, route: &str) -> RequestBuilder {
        let request = client.request(method, self.base.route(route));
        match &self.authorization {
            Some(authorization) => request.header(AUTHORIZATION, authorization.clone()),
            None => request,
        }
    }

    /// The key, for taking it out of what the endpoint says.
    pub(super) fn key(&self) -> Option<&str> {
        self.options.key.as_ref().map(Secret::expose)
    }

    /// The longest wait for a whole answer or for the headers of a stream.
    pub(super) const fn request_timeout(&self) -> Duration {
        self.options.request_timeout
    }

    /// The longest silence within a stream.
    pub(super) const fn idle_timeout(&self) -> Duration {
        self.options.idle_timeout
    }

    /// How often its models are asked for.
    pub(super) const fn discovery_interval(&self) -> Duration {
        self.options.discovery_interval
    }

    /// What it offers now.
    pub(super) fn offers(&self) -> Arc<Vec<Offer>> {
        self.offers.load_full()
    }

    /// Whether it offers this model now.
    pub(super) fn has(&self, model: &str) -> bool {
        self.offers.load().iter().any(|offer| offer.model == model)
    }

    /// What the endpoint itself calls the model that callers call `model`.
    pub(super) fn own_name<'a>(&'a self, model: &'a str) -> &'a str {
        self.options.aliases.get(model).map_or(model, String::as_str)
    }

    /// Whether models are named in its settings, so that it need not list them.
    pub(super) fn names_models(&self) -> bool {
        !self.options.models.is_empty() || !self.options.aliases.is_empty()
    }

    /// It answered with these models.
    pub(super) fn found(&self, listed: &[Listed]) {
        let offers = listing::offers(listed, &self.options);
        self.misses.store(0, Ordering::Relaxed);
        if **self.offers.load() != offers {
            tracing::info!(endpoint = %self.base, models = offers.len(), "what the endpoint offers changed");
            self.offers.store(Arc::new(offers));
        }
    }

    /// It did not answer, or not with a list.
    pub(super) fn missed(&self, reason: &dyn std::fmt::Display) {
        let misses = self.misses.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if misses == MISSES_UNTIL_DOWN {
            self.offers.store(Arc::default());
            tracing::warn!(endpoint = %self.base, %reason, "the endpoint is down; none of its models is offered");
        }
    }

    /// A request could not reach it: have it looked after soon.
    pub(super) fn suspect(&self) {
        self.suspicion.notify_one();
    }

    /// Waits until it is suspected.
    pub(super) async fn suspected(&self) {
        self.suspicion.notified().await;
    }

    /// Whether it may be asked to report the usage of a stream.
    pub(super) fn takes_usage_option(&self) -> bool {
        !self.refuses_usage_option.load(Ordering::Relaxed)
    }

    /// It refused to be asked that; it is not asked again.
    pub(super) fn refuses_usage_option(&self) {
        self.refuses_usage_option.store(true, Ordering::Relaxed);
        tracing::info!(endpoint = %self.base, "the endpoint takes no stream options; its streams report no usage");
    }
}
