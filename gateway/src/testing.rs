//! A real gateway for component tests: own nats-server, own listener, objects in memory, records in SQLite.

use std::sync::Arc;
use std::time::Duration;

use common::bus::Bus;
use common::bus::testing::NatsServer;
use common::clock::SystemClock;
use common::config::{Config, LoadOptions};
use common::lifecycle::Lifecycle;
use common::objects::Objects;
use common::process::Parts;
use common::records::Records;
use common::signing::Keyring;
use common::telemetry::Metrics;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;

use crate::App;
use crate::state::AppState;

/// A gateway that serves, and what is around it. Everything ends with it.
pub(crate) struct TestGateway {
    pub(crate) nats: NatsServer,
    pub(crate) parts: Parts,
    pub(crate) state: AppState,
    pub(crate) records: Records,
    pub(crate) admin_key: String,
    base: String,
    client: Client,
    _dir: tempfile::TempDir,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) bytes: bytes::Bytes,
}

impl TestGateway {
    /// A gateway with the default configuration and private targets allowed on the loopback.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[("egress.allow", "127.0.0.0/8")]).await
    }

    /// A gateway with these settings.
    pub(crate) async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_on(NatsServer::start().await, settings).await
    }

    /// A gateway on a broker that was prepared.
    pub(crate) async fn start_on(nats: NatsServer, settings: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = format!("sqlite://{}/records.db", dir.path().display());
        let mut overrides = vec![
            ("gateway.listen".to_owned(), "127.0.0.1:0".to_owned()),
            ("records.url".to_owned(), database.clone()),
        ];
        overrides.extend(settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        let config = Config::load(&LoadOptions { overrides, ..LoadOptions::default() }).unwrap();
        let records = Records::open(&database).unwrap();
        records.migrate().await.unwrap();
        let keyring = Keyring::new(&Keyring::generate_master_key(), &[]).unwrap();
        let parts = Parts {
            config: Arc::new(config),
            bus: Bus::connect(nats.options("gateway"), Arc::new(SystemClock)).await.unwrap(),
            objects: Objects::in_memory(),
            clock: Arc::new(SystemClock),
            keyring: Arc::new(keyring),
            metrics: Metrics::new(),
            lifecycle: Lifecycle::new(),
        };
        let app = App::build(parts.clone()).await.unwrap();
        let base = format!("http://{}", app.local_addr());
        let state = app.state();
        let admin_key = app.ensure_admin_key().await.unwrap().unwrap().expose().to_owned();
        app.spawn();
        common::telemetry::install_crypto();
        let client = Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(20))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self { nats, parts, state, records, admin_key, base, client, _dir: dir }
    }

    /// A request without a key.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub(crate) async fn get(&self, key: &str, path: &str) -> Answer {
        send(self.request(Method::GET, path).bearer_auth(key)).await
    }

    pub(crate) async fn delete(&self, key: &str, path: &str) -> Answer {
        send(self.request(Method::DELETE, path).bearer_auth(key)).await
    }

    pub(crate) async fn post(&self, key: &str, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).bearer_auth(key).json(body)).await
    }

    /// A new user key of a tenant.
    pub(crate) async fn user_key(&self, tenant: &str) -> String {
        let body = serde_json::json!({ "tenant": tenant });
        let made = self.post(&self.admin_key, "/v1/admin/keys", &body).await;
        made.expect(201)["key"].as_str().unwrap().to_owned()
    }
}

impl Drop for TestGateway {
    fn drop(&mut self) {
        self.parts.lifecycle.hard().cancel();
    }
}

/// Sends and reads.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, bytes: response.bytes().await.unwrap() }
}

impl Answer {
    /// The body as JSON, when the status is the expected one.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.status, status, "{text}");
        if self.bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&self.bytes).unwrap()
        }
    }

    /// The code of an error, when the status is the expected one.
    #[track_caller]
    pub(crate) fn error(&self, status: u16) -> String {
        self.expect(status)["error"]["code"].as_str().unwrap().to_owned()
    }
}
