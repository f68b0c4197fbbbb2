use std::time::Duration;

use common::job::{JobState, Lane};
use futures::StreamExt;
use reqwest::Response;

use super::{chat, end_of, hello};
use crate::fake_worker::FakeWorker;
use crate::testing::{TestGateway, send};

/// Reads a growing answer until `text` is in what was read.
async fn read_until(
    stream: &mut (impl futures::Stream<Item = reqwest::Result<bytes::Bytes>> + Unpin),
    text: &str,
) -> String {
    let mut read = String::new();
    while !read.contains(text) {
        let next = tokio::time::timeout(Duration::from_secs(5), stream.next()).await;
        match next.expect("bytes come") {
            Some(part) => read.push_str(std::str::from_utf8(&part.unwrap()).unwrap()),
            None => panic!("the answer ended with: {read}"),
        }
    }
    read
}

/// A stream that has begun, with the worker's side of it.
async fn begun(
    gateway: &TestGateway,
    worker: &FakeWorker,
) -> (Response, crate::fake_worker::Taken) {
    let work = async {
        let mut call = worker.take(Lane::Interactive).await;
        call.start().await;
        call.chunk("data: {\"one\":1}\n\n").await;
        call
    };
    let (response, call) = tokio::join!(chat(gateway, &hello(true)).send(), work);
    (response.unwrap(), call)
}

#[tokio::test]
async fn a_stream_is_forwarded_as_it_grows() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let request = tokio::time::timeout(Duration::from_secs(5), chat(&gateway, &hello(true)).send());
    let work = async {
        let mut call = worker.take(Lane::Interactive).await;
        assert!(call.job.stream);
        call.start().await;
        call.chunk("data: {\"one\":1}\n\n").await;
        call
    };
    let (response, mut call) = tokio::join!(request, work);
    let response: Response = response.unwrap().unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-cache");
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    let mut stream = response.bytes_stream();
    assert_eq!(read_until(&mut stream, "one").await, "data: {\"one\":1}\n\n");
    call.chunk("data: [DONE]\n\n").await;
    call.answer("text/event-stream", "").await;
    assert_eq!(read_until(&mut stream, "DONE").await, "data: [DONE]\n\n");
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_run_that_changes_after_bytes_were_sent_ends_the_stream_with_an_error() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let (response, mut call) = begun(&gateway, &worker).await;
    call.take_over();
    call.start().await;
    call.chunk("data: {\"two\":2}\n\n").await;
    let text = response.text().await.unwrap();
    assert!(text.starts_with("data: {\"one\":1}\n\ndata: {\"error\":"), "{text}");
    assert!(text.contains("vanished") && !text.contains("two") && !text.contains("DONE"), "{text}");
}

#[tokio::test]
async fn a_run_that_changes_before_bytes_were_sent_is_followed() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let work = async {
        let mut call = worker.take(Lane::Interactive).await;
        call.start().await;
        call.take_over();
        call.start().await;
        call.chunk("data: {\"two\":2}\n\n").await;
        call.answer("text/event-stream", "").await;
    };
    let (answer, ()) = tokio::join!(send(chat(&gateway, &hello(true))), work);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.bytes, "data: {\"two\":2}\n\n");
}

#[tokio::test]
async fn a_lost_part_ends_the_stream_with_an_error() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let (response, mut call) = begun(&gateway, &worker).await;
    call.chunk("data: {\"half").await;
    call.lose_one();
    call.chunk("data: {\"three\":3}\n\n").await;
    let text = response.text().await.unwrap();
    assert!(text.contains("\"half\n\ndata: {\"error\":"), "{text}");
    assert!(text.contains("lost") && !text.contains("three"), "{text}");
}

#[tokio::test]
async fn a_caller_who_leaves_a_stream_stops_the_worker() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let mut notices = worker.bus.subscribe_cancels().await.unwrap();
    let (response, call) = begun(&gateway, &worker).await;
    drop(response);
    let notice = tokio::time::timeout(Duration::from_secs(1), notices.next()).await;
    assert_eq!(notice.expect("within a second"), Some(call.job.id));
    assert_eq!(end_of(&gateway, call.job.id).await, JobState::Canceled);
}

#[tokio::test]
async fn a_recorded_stream_is_told_again() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let recorded = "data: {\"one\":1}\n\ndata: [DONE]\n\n";
    gateway.parts.objects.put("jobs/x/result", recorded).await.unwrap();
    let keyed = || chat(&gateway, &hello(true)).header("idempotency-key", "k2");
    let work = async {
        let mut job = worker.take(Lane::Normal).await;
        job.start().await;
        job.chunk("data: {\"one\":1}\n\n").await;
        job.chunk("data: [DONE]\n\n").await;
        let bytes = recorded.len() as u64;
        job.succeed_with_object("text/event-stream", "jobs/x/result", bytes).await;
    };
    let (live, ()) = tokio::join!(send(keyed()), work);
    assert_eq!(live.bytes, recorded);
    let again = send(keyed()).await;
    assert_eq!(again.headers["content-type"], "text/event-stream");
    assert_eq!(again.bytes, recorded);
}
