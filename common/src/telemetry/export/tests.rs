use opentelemetry::trace::{Tracer, TracerProvider as _};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// A receiver that takes one request and returns its head and body.
async fn receive(listener: TcpListener) -> (String, Vec<u8>) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    loop {
        stream.read_buf(&mut request).await.unwrap();
        let Some(at) = request.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&request[..at]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if request.len() >= at + 4 + length.parse::<usize>().unwrap() {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            return (head, request.split_off(at + 4));
        }
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn spans_arrive_at_a_receiver() {
    crate::telemetry::install_crypto();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let provider = provider(&endpoint, "worker").unwrap();
    provider.tracer("test").in_span("settle the job", |_| {});
    let stop = tokio::task::spawn_blocking(move || provider.shutdown());
    let (head, body) = tokio::time::timeout(TIMEOUT, receive(listener)).await.unwrap();
    stop.await.unwrap().unwrap();
    assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
    assert!(head.contains("content-type: application/x-protobuf"), "{head}");
    assert!(contains(&body, "settle the job"));
    assert!(contains(&body, "millrace-worker"));
}

#[tokio::test]
async fn a_receiver_that_is_away_delays_nobody_for_long() {
    crate::telemetry::install_crypto();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let provider = provider(&endpoint, "worker").unwrap();
    provider.tracer("test").in_span("lost", |_| {});
    let stop = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(TIMEOUT));
    // Whether it says that the spans were lost is the library's business.
    let _ = tokio::time::timeout(2 * TIMEOUT, stop).await.unwrap().unwrap();
}
