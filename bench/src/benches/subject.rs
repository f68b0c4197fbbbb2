//! What stands between a caller and the mock upstream: nothing, Millrace, or a gateway of others.

use std::net::SocketAddr;

use bytes::Bytes;

use crate::context::Context;
use crate::cpu::{self, Watched};
use crate::http::with_headers;
use crate::peers::{GatewayPeer, start_gateway};
use crate::system::{Engine, Mock, Role, Sync, System};

/// Ours, by the name of its rows.
pub(super) const MILLRACE: &str = "Millrace";
/// The only model of the mock upstream.
const MODEL: &str = "mock";
/// Gateways of others.
pub(super) const PEERS: [&str; 3] = ["litellm", "smg", "portkey"];

/// A chat endpoint under load.
pub(super) struct Subject {
    /// Where it listens.
    pub(super) address: SocketAddr,
    headers: Vec<(String, String)>,
    /// The model, as callers of this endpoint name it.
    pub(super) model: String,
    kind: Kind,
}

enum Kind {
    Direct(Watched),
    Millrace(Box<System>, Watched),
    Peer(Box<GatewayPeer>, Watched),
}

impl Subject {
    /// The mock upstream itself.
    pub(super) fn direct(mock: &Mock) -> Self {
        Self {
            address: mock.address(),
            headers: Vec::new(),
            model: MODEL.to_owned(),
            kind: Kind::Direct(mock.watched()),
        }
    }

    /// Millrace in front of it, with all its roles, for so many requests at once; `settings` as for a system.
    pub(super) async fn millrace(
        context: &Context,
        mock: &Mock,
        slots: usize,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let mut system = context.system(Sync::Default, settings).await?;
        let worker = Role::Worker(Engine::Llm { url: mock.url(), slots });
        for role in [Role::Gateway, Role::Keeper, worker] {
            system.add(role).await?;
        }
        system.offers(1).await?;
        let headers = vec![("authorization".to_owned(), format!("Bearer {}", system.key()))];
        let address = system.address()?;
        Ok(Self {
            address,
            headers,
            model: MODEL.to_owned(),
            kind: Kind::Millrace(Box::new(system), mock.watched()),
        })
    }

    /// A gateway of others in front of it, or why there is none.
    pub(super) async fn peer(context: &Context, mock: &Mock, name: &str) -> Result<Self, String> {
        let peer = start_gateway(name, mock.port(), &context.work).await?;
        let (address, headers) = (peer.address, peer.headers.clone());
        let model = peer.model.clone().unwrap_or_else(|| MODEL.to_owned());
        Ok(Self { address, headers, model, kind: Kind::Peer(Box::new(peer), mock.watched()) })
    }

    /// The request of a chat in the words of this endpoint.
    pub(super) fn chat(&self, body: &serde_json::Value) -> Bytes {
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        with_headers("POST", "/v1/chat/completions", &headers, body.to_string().as_bytes())
    }

    /// Its version, where that is not ours.
    pub(super) fn version(&self) -> Option<&str> {
        match &self.kind {
            Kind::Peer(peer, _) => peer.version.as_deref(),
            _ => None,
        }
    }

    /// All processes, with the mock upstream and the load.
    pub(super) fn watched(&self) -> Vec<Watched> {
        match &self.kind {
            Kind::Direct(mock) => vec![mock.clone(), cpu::load()],
            Kind::Millrace(system, mock) => {
                system.watched().into_iter().chain([mock.clone()]).collect()
            }
            Kind::Peer(peer, mock) => vec![peer.watched(), mock.clone(), cpu::load()],
        }
    }

    /// Its own processes, without the mock upstream and the load.
    pub(super) fn own(&self) -> Vec<Watched> {
        match &self.kind {
            Kind::Direct(mock) => vec![mock.clone()],
            Kind::Millrace(system, _) => {
                let all = system.watched().into_iter();
                all.filter(|process| process.name != cpu::LOAD).collect()
            }
            Kind::Peer(peer, _) => vec![peer.watched()],
        }
    }

    /// The process that holds the callers' connections.
    pub(super) fn front(&self) -> Watched {
        match &self.kind {
            Kind::Direct(mock) => mock.clone(),
            Kind::Millrace(system, mock) => system.part("gateway").unwrap_or_else(|_| mock.clone()),
            Kind::Peer(peer, _) => peer.watched(),
        }
    }

    /// Lets a gateway of others cost nothing while somebody else is measured.
    pub(super) fn rest(&self) {
        if let Kind::Peer(peer, _) = &self.kind {
            peer.rest();
        }
    }

    /// Lets it go on.
    pub(super) fn wake(&self) {
        if let Kind::Peer(peer, _) = &self.kind {
            peer.wake();
        }
    }

    /// Ends what was started for it.
    pub(super) async fn stop(self) {
        match self.kind {
            Kind::Direct(_) => {}
            Kind::Millrace(system, _) => system.stop().await,
            Kind::Peer(peer, _) => peer.stop().await,
        }
    }
}
