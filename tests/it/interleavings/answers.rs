//! What a caller is told, and by which run (9).

use common::bus::headers;
use common::job::{JobState, Lane};
use serde_json::json;
use tests::upstream::{Answer, End, Upstream};
use tests::{Events, Hand, Overheard, Role, Spy, Stack, within};

fn is_answer(one: &Overheard) -> bool {
    headers::text(&one.headers, headers::KIND) == Some("result")
}

/// Interleaving 9: a caller must not be told what the status never says. The end of a durable job stands before its
/// answer is sent.
#[tokio::test]
async fn the_end_of_a_job_stands_before_its_answer() {
    let upstream = Upstream::start(&["tiny"]).await;
    let stack = Stack::builder().llm(&upstream.url()).start().await;
    let client = stack.client();
    client.knows("tiny").await;
    let spy = stack.spy(&[Spy::EVENTS, Spy::REPLIES]).await;
    let answer = client.chat("tiny").prefer("wait=20").send().await;
    assert_eq!(answer.expect(200)["object"], "chat.completion");

    let heard = spy.wait_for("the answer", |heard| heard.iter().any(is_answer)).await;
    let ended = |one: &Overheard| one.event().is_some_and(|event| event.is_terminal());
    assert!(heard.iter().position(ended).unwrap() < heard.iter().position(is_answer).unwrap());
}

/// Interleaving 9: the answer of a call has begun when its worker dies, and another one begins anew. The caller must
/// not get both: the stream ends with an error, and never with a finish that nobody gave.
#[tokio::test]
async fn an_answer_is_never_continued_by_another_run() {
    let upstream = Upstream::start(&["tiny"]).await;
    let mut stack = Stack::builder().llm(&upstream.url()).start().await;
    let client = stack.client();
    client.knows("tiny").await;
    upstream.will(Answer::stream(2, End::Silence));
    let mut stream = Events::of(client.streamed_chat("tiny").open().await).await;
    for word in ["Hello", " from"] {
        let chunk = stream.next().await.expect("a token").json();
        assert_eq!(chunk["choices"][0]["delta"]["content"], word);
    }
    let first = stack.first(Role::Worker);
    stack.add(Role::Worker).await;
    stack.kill_worker(first).await;

    let rest = within(tests::PATIENCE, "the end of the stream", stream.rest()).await;
    let [end] = rest.as_slice() else { panic!("{rest:?}") };
    assert_eq!(end.json()["error"]["code"], "unavailable", "{end:?}");
}

/// Interleaving 9: before its first byte a call may change its run; the answer is whole and of one run.
#[tokio::test]
async fn a_call_is_answered_by_the_run_that_has_it() {
    let upstream = Upstream::start(&["tiny"]).await;
    let mut stack = Stack::builder().llm(&upstream.url()).start().await;
    let client = stack.client();
    client.knows("tiny").await;
    upstream.will(Answer::Silence);
    let call = client.chat("tiny").start();
    upstream.asked_times(1).await;
    let first = stack.first(Role::Worker);
    stack.add(Role::Worker).await;
    stack.kill_worker(first).await;
    let answer = call.answer().await;
    assert_eq!(
        answer.expect(200)["choices"][0]["message"]["content"],
        "Hello from the scripted upstream."
    );
    assert_eq!(upstream.asked().len(), 2);
}

/// Interleaving 9: the worker of a durable job dies after its answer was half sent and its rerun fails: the caller who
/// waits hears what the status says.
#[tokio::test]
async fn a_waiting_caller_hears_the_end_that_stands() {
    let mut stack = Stack::builder().without(Role::Worker).start().await;
    let client = stack.client();
    let submit = json!({ "operation": "diagnostic.fail", "input": { "retryable": false } });
    let waiting = client.post("/v1/jobs").prefer("wait=20").json(&submit).start();
    let mut held = Hand::new(&stack.bus, "dies").take(Lane::Normal).await;
    held.start().await;
    stack.add(Role::Worker).await;
    let job = waiting.answer().await.job(201);
    assert_eq!((job.status, job.attempt), (JobState::Failed, 2));
}
