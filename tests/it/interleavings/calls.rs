//! Calls leave nothing to be repaired (16).

use common::job::{JobEvent, JobState};
use tests::upstream::{Answer, Upstream};
use tests::{Overheard, Spy, Stack};

/// Interleaving 16: a call writes no event before its end, so that nothing is there to be repaired when its caller has
/// left.
#[tokio::test]
async fn a_call_whose_caller_left_is_never_revived() {
    let upstream = Upstream::start(&["tiny"]).await;
    let stack = Stack::builder()
        .llm(&upstream.url())
        .set("keeper.repair_grace", "20ms")
        .set("keeper.repair_interval", "20ms")
        .start()
        .await;
    let client = stack.client();
    client.knows("tiny").await;
    let spy = stack.spy(&[Spy::EVENTS, Spy::WRITES]).await;
    upstream.will(Answer::Silence);
    let call = client.chat("tiny").start();
    upstream.asked_times(1).await;
    assert!(spy.all().is_empty(), "a call that runs has no event");
    drop(call);
    upstream.clients_left(1).await;
    spy.wait_for("the end", |heard| heard.iter().any(|one| one.subject.starts_with("feed."))).await;

    // The next call has its turn, and nothing of the first one is left.
    client.chat("tiny").send().await.expect(200);
    spy.wait_for("both ends", |heard| stored(heard).len() == 2).await;
    assert_eq!(upstream.asked().len(), 2);
    let states: Vec<_> = stored(&spy.all()).iter().map(|event| event.state).collect();
    assert_eq!(states, [JobState::Canceled, JobState::Succeeded]);
}

fn stored(heard: &[Overheard]) -> Vec<JobEvent> {
    let stored = heard.iter().filter(|one| one.subject.starts_with("feed."));
    stored.filter_map(Overheard::event).collect()
}
