use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::response::Redirect;
use axum::routing::get;
use bytes::Bytes;
use common::config::{Config, LoadOptions};
use tokio::task::JoinSet;

use super::*;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

/// A real server on the loopback; it stops when the set is dropped.
async fn serve(router: Router) -> (SocketAddr, JoinSet<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, tasks)
}

fn fetcher(allow: &[&str]) -> Fetcher {
    with_settings(&[("egress.allow", &allow.join(","))])
}

fn with_settings(settings: &[(&str, &str)]) -> Fetcher {
    let overrides = settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let config = Config::load(&LoadOptions { overrides, ..LoadOptions::default() }).unwrap();
    Fetcher::new(EgressPolicy::new(&config.egress)).unwrap()
}

async fn fetch(fetcher: &Fetcher, url: &str) -> Result<StoredContent, Error> {
    fetcher.fetch(&Objects::in_memory(), "jobs/a/in/source", 1_000, url).await
}

#[tokio::test]
async fn a_file_is_stored_and_its_bytes_tell_its_type() {
    let router = Router::new()
        .route("/a", get(|| async { Redirect::permanent("/b#x") }))
        .route("/b", get(|| async { ([(CONTENT_TYPE, "text/plain")], PNG) }));
    let (address, _server) = serve(router).await;
    let stored = fetch(&fetcher(&["127.0.0.0/8"]), &format!("http://{address}/a")).await.unwrap();
    assert_eq!(stored.content_type, "image/png");
    assert_eq!(stored.bytes, PNG.len() as u64);
}

#[tokio::test]
async fn every_hop_is_judged() {
    let router = Router::new()
        .route("/private", get(|| async { Redirect::temporary("http://10.0.0.1/") }))
        .route("/file", get(|| async { Redirect::temporary("file:///etc/passwd") }))
        .route("/loop", get(|| async { Redirect::temporary("/loop") }));
    let (address, _server) = serve(router).await;
    let open = fetcher(&["127.0.0.0/8"]);
    let get = async |path: &str| fetch(&open, &format!("http://{address}{path}")).await;
    assert!(matches!(get("/private").await, Err(Error::Blocked(Blocked::Denied))));
    assert!(matches!(get("/file").await, Err(Error::Blocked(Blocked::Malformed(_)))));
    assert!(matches!(get("/loop").await, Err(Error::Redirect(_))));
    assert!(matches!(get("/missing").await, Err(Error::Status(StatusCode::NOT_FOUND))));
}

#[tokio::test]
async fn a_name_that_resolves_to_a_private_address_is_refused() {
    let (address, _server) = serve(Router::new()).await;
    let strict = with_settings(&[("egress.ports", &address.port().to_string())]);
    let url = format!("http://localhost:{}/", address.port());
    let error = fetch(&strict, &url).await.unwrap_err();
    assert!(matches!(error, Error::Blocked(Blocked::Denied)), "{error:?}");
}

#[tokio::test]
async fn more_than_the_limit_is_refused_also_when_it_is_not_announced() {
    let endless = || async {
        Body::from_stream(futures::stream::repeat_with(|| {
            Ok::<_, std::io::Error>(Bytes::from_static(&[0; 100]))
        }))
    };
    let router = Router::new()
        .route("/announced", get(|| async { vec![0_u8; 1_001] }))
        .route("/endless", get(endless));
    let (address, _server) = serve(router).await;
    let open = fetcher(&["127.0.0.0/8"]);
    for path in ["/announced", "/endless"] {
        let error = fetch(&open, &format!("http://{address}{path}")).await.unwrap_err();
        assert!(matches!(error, Error::TooLarge(1_000)), "{path}: {error:?}");
        assert_eq!(error.into_api_error("files.source").code(), ErrorCode::TooLarge);
    }
}

#[tokio::test]
async fn the_caller_does_not_learn_what_went_wrong_on_the_network() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = fetch(&fetcher(&["127.0.0.0/8"]), &format!("http://{address}/")).await.unwrap_err();
    let error = error.into_api_error("files.source");
    assert_eq!(error.message(), "files.source: the file could not be fetched");
    assert_eq!(error.code(), ErrorCode::InvalidRequest);
}
