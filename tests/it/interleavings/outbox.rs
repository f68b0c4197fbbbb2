//! Webhooks whose event is all that is left (7).

use common::job::JobState;
use serde_json::json;
use tests::{Receiver, Role, Stack};

/// Interleaving 7: a terminal event without a message, as a cancellation is, and its writer dies at once. The webhook
/// follows from the event alone.
#[tokio::test]
async fn a_webhook_needs_nobody_who_wrote_the_end() {
    let receiver = Receiver::start().await;
    let mut stack = Stack::builder()
        .without(Role::Worker)
        .without(Role::Keeper)
        .without(Role::Dispatcher)
        .start()
        .await;
    let client = stack.client();
    let secret = client.webhook_secret().await;
    let job = json!({ "operation": "diagnostic.echo", "webhook": receiver.url() });
    let job = client.submit_job(job).await.id;
    assert_eq!(client.cancel(job).await.status, JobState::Canceled);
    stack.kill(stack.first(Role::Gateway));

    stack.add(Role::Keeper).await;
    stack.add(Role::Dispatcher).await;
    let received = &receiver.wait_for(1).await[0];
    received.verify(&secret);
    let payload = received.payload();
    assert_eq!((payload.kind.as_str(), payload.data.job.unwrap().id), ("job.canceled", job));
}
