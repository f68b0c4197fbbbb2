use std::time::Duration;

use common::job::Lane;

use super::{chat, hello};
use crate::fake_worker::FakeWorker;
use crate::testing::{TestGateway, send};

#[tokio::test]
async fn without_the_broker_a_call_fails_within_two_seconds_and_works_again_afterwards() {
    let mut gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    gateway.nats.kill();
    let started = std::time::Instant::now();
    let answer = send(chat(&gateway, &hello(false))).await;
    assert_eq!(answer.error(503), "unavailable");
    assert!(started.elapsed() < Duration::from_millis(2_300), "{:?}", started.elapsed());
    gateway.nats.resume().await;
    // Until the stream of calls is made anew, calls go to JOBS.
    let work = async {
        let mut call = worker.take_of(&[Lane::Interactive, Lane::Normal]).await;
        call.start().await;
        if call.stored.is_some() {
            call.succeed("{}").await;
        } else {
            call.answer("application/json", "{}").await;
        }
    };
    let calls = async {
        loop {
            let answer = send(chat(&gateway, &hello(false))).await;
            if answer.status == 200 {
                return;
            }
            assert_eq!(answer.error(503), "unavailable");
        }
    };
    let both = async { tokio::join!(calls, work) };
    tokio::time::timeout(Duration::from_secs(15), both).await.expect("it recovers by itself");
    // And calls are calls again.
    let work = async {
        let mut call = worker.take(Lane::Interactive).await;
        call.start().await;
        call.answer("application/json", "{}").await;
    };
    let (answer, ()) = tokio::join!(send(chat(&gateway, &hello(false))), work);
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_call_that_a_restart_of_the_broker_dropped_is_published_again() {
    let mut gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let request = send(chat(&gateway, &hello(false)));
    let work = async {
        let figures = async || worker.bus.queue_figures().await.unwrap();
        while !figures().await.iter().any(|q| q.lane == Lane::Interactive && q.waiting == 1) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        gateway.nats.kill();
        gateway.nats.resume().await;
        let mut call = worker.take(Lane::Interactive).await;
        call.start().await;
        call.answer("application/json", "{}").await;
    };
    let (answer, ()) = tokio::join!(request, work);
    assert_eq!(answer.status, 200);
}
