use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use common::config::EgressConfig;
use common::egress::EgressPolicy;
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::testing::{Receiver, Reply, loopback_allowed};

const CONNECT: Duration = Duration::from_secs(5);

/// Nothing private, but any port and scheme.
fn strict() -> EgressConfig {
    let ports = (1..=u16::MAX).collect();
    EgressConfig { allow: Vec::new(), allow_http: true, ports, ..loopback_allowed() }
}

fn guard(config: &EgressConfig) -> Guard {
    common::telemetry::install_crypto();
    Guard::new(EgressPolicy::new(config), CONNECT).unwrap()
}

async fn post(guard: &Guard, url: &str) -> Result<u16, SendError> {
    let url = guard.check(url).map_err(|blocked| SendError::Blocked(blocked.to_string()))?;
    let answer = guard.post(&url, &BTreeMap::new(), String::new()).await?;
    Ok(answer.status().as_u16())
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_refused_without_a_connection() {
    let receiver = Receiver::start(Reply::status(200)).await;
    let url = format!("http://localhost:{}/hook", receiver.port());
    let error = post(&guard(&strict()), &url).await.unwrap_err();
    assert!(matches!(&error, SendError::Blocked(_)), "{error:?}");
    let shown = error.to_string();
    assert!(!shown.contains("127.0.0.1") && !shown.contains("refused"), "{shown}");
    assert_eq!(receiver.count(), 0);
    // The same text whether something listens there or not.
    let nobody = format!("http://localhost:{}/hook", common::bus::testing::free_port());
    assert_eq!(post(&guard(&strict()), &nobody).await.unwrap_err(), error);
}

#[tokio::test]
async fn a_literal_private_address_is_refused_before_anything_else() {
    for url in ["http://127.0.0.1:80/", "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/"] {
        assert!(matches!(post(&guard(&strict()), url).await, Err(SendError::Blocked(_))), "{url}");
    }
}

#[tokio::test]
async fn an_allowed_address_is_reached_and_a_redirect_is_not_followed() {
    let elsewhere = Receiver::start(Reply::status(200)).await;
    let receiver = Receiver::start(Reply::status(200)).await;
    assert_eq!(post(&guard(&loopback_allowed()), &receiver.url()).await, Ok(200));
    for status in [301, 302, 303, 307, 308] {
        receiver.set(Reply::status(status).header("location", elsewhere.url()));
        assert_eq!(post(&guard(&loopback_allowed()), &receiver.url()).await, Ok(status));
    }
    assert_eq!(elsewhere.count(), 0);
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_no_connection() {
    let url = format!("http://127.0.0.1:{}/", common::bus::testing::free_port());
    let error = post(&guard(&loopback_allowed()), &url).await.unwrap_err();
    assert_eq!(error, SendError::NoConnection("refused"));
    let unknown = post(&guard(&strict()), "http://no-such-host.invalid/").await.unwrap_err();
    assert!(matches!(unknown, SendError::Unresolved(_)), "{unknown:?}");
    assert!(unknown.concerns_destination());
}

/// A TLS server for the name `localhost` under an authority of its own.
struct TlsServer {
    port: u16,
    authority: reqwest::Certificate,
    _server: JoinSet<()>,
}

impl TlsServer {
    async fn start() -> Self {
        common::telemetry::install_crypto();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned()];
        let leaf = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
        let chain: Vec<CertificateDer<'static>> = vec![leaf.der().clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut server = JoinSet::new();
        server.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
                let _ = stream.shutdown().await;
            }
        });
        let authority = reqwest::Certificate::from_der(authority.der()).unwrap();
        Self { port, authority, _server: server }
    }

    fn guard(&self) -> Guard {
        let policy = EgressPolicy::new(&loopback_allowed());
        let builder = reqwest::Client::builder().tls_certs_only([self.authority.clone()]);
        Guard::with_builder(policy, CONNECT, builder).unwrap()
    }
}

#[tokio::test]
async fn the_certificate_must_fit_the_name() {
    let server = TlsServer::start().await;
    let right = format!("https://localhost:{}/", server.port);
    assert_eq!(post(&server.guard(), &right).await, Ok(204));
    let wrong = format!("https://127.0.0.1:{}/", server.port);
    let error = post(&server.guard(), &wrong).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
}
