use std::time::Duration;

use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::*;

const HEAD: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

async fn start(router: Router) -> (std::net::SocketAddr, Lifecycle, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let lifecycle = Lifecycle::new();
    #[expect(clippy::disallowed_methods, reason = "the test awaits the handle")]
    let task = tokio::spawn(serve(listener, router, lifecycle.clone()));
    (address, lifecycle, task)
}

#[tokio::test]
async fn a_soft_stop_lets_the_request_in_flight_finish() {
    let (entered, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (handler_entered, handler_go) = (Arc::clone(&entered), Arc::clone(&go));
    let router = Router::new().route(
        "/",
        get(|| async move {
            handler_entered.notify_one();
            handler_go.notified().await;
            "whole"
        }),
    );
    let (address, lifecycle, task) = start(router).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(HEAD).await.unwrap();
    entered.notified().await;
    lifecycle.request_stop("test");
    go.notify_one();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("whole"), "{answer}");
    tokio::time::timeout(Duration::from_secs(5), task).await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_hard_stop_drops_the_request_in_flight() {
    let entered = Arc::new(Notify::new());
    let handler_entered = Arc::clone(&entered);
    let router = Router::new().route(
        "/",
        get(|| async move {
            handler_entered.notify_one();
            std::future::pending::<()>().await;
        }),
    );
    let (address, lifecycle, task) = start(router).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(HEAD).await.unwrap();
    entered.notified().await;
    lifecycle.hard().cancel();
    tokio::time::timeout(Duration::from_secs(5), task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let (address, _lifecycle, _task) = start(Router::new()).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let line = format!("x-filler: {}\r\n", "a".repeat(8_000));
    for _ in 0..20 {
        if client.write_all(line.as_bytes()).await.is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    let _ = client.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn a_head_has_64_kib_and_100_lines() {
    let (address, _lifecycle, _task) = start(Router::new()).await;
    let status = async |lines: usize, bytes: usize| {
        let filler = "a".repeat(bytes);
        let more = "x-more: 1\r\n".repeat(lines - 3);
        let head = format!(
            "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}x-filler: {filler}\r\n\r\n"
        );
        let mut client = TcpStream::connect(address).await.unwrap();
        // The server may answer and close before it has read all.
        let _ = client.write_all(head.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = client.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).chars().skip(9).take(3).collect::<String>()
    };
    assert_eq!(status(3, 65_000).await, "404");
    assert_eq!(status(100, 10).await, "404");
    assert_eq!(status(101, 10).await, "431");
    // What is refused while it is still sent may break the connection before the answer is read.
    for bytes in [65_500, 70_000, 130_000] {
        let answered = status(3, bytes).await;
        assert!(answered == "431" || answered.is_empty(), "{bytes}: {answered}");
    }
}
