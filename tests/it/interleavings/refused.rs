//! Jobs that the broker did not take (10).

use common::error_code::ErrorCode;
use common::job::{EventKind, JobState};
use serde_json::json;
use tests::{Overheard, Receiver, Spy, Stack};

/// Interleaving 10: the event is stored, the message is refused, and the caller hears 429. No ghost may run, no webhook
/// may follow, and the caller's key is free for the next try.
#[tokio::test]
async fn a_job_whose_message_was_refused_never_runs() {
    let receiver = Receiver::start().await;
    // No message of this job fits, whatever the figures of the last second say.
    let stack = Stack::builder().limits(|limits| limits.jobs_bytes = 64 << 10).start().await;
    let spy = stack.spy(&[Spy::EVENTS]).await;
    let client = stack.client();
    let job = |text: String| {
        let input = json!({ "text": text });
        json!({ "operation": "diagnostic.echo", "input": input, "webhook": receiver.url() })
    };
    let large = job("x".repeat(100_000));
    for _ in 0..2 {
        let refused = client.post("/v1/jobs").idempotent("k").json(&large).send().await;
        assert_eq!(refused.error(429), "queue_full");
    }
    let ghosts = spy.wait_for("two ends", |heard| ended(heard).len() == 2).await;
    for event in ended(&ghosts) {
        assert_eq!(event.state, JobState::Failed);
        assert_eq!(event.error.unwrap().code, ErrorCode::Refused);
    }
    let small = client.post("/v1/jobs").idempotent("k").json(&job("x".to_owned())).send().await;
    let small = client.ended(small.job(202).id).await;
    assert_eq!(small.status, JobState::Succeeded);
    let received = receiver.wait_for(1).await;
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].payload().data.job.unwrap().id, small.id);
    let started = spy.events().into_iter().filter(|event| event.kind == EventKind::Started);
    assert_eq!(started.map(|event| event.job.id).collect::<Vec<_>>(), [small.id]);
}

fn ended(heard: &[Overheard]) -> Vec<common::job::JobEvent> {
    heard.iter().filter_map(Overheard::event).filter(common::job::JobEvent::is_terminal).collect()
}
