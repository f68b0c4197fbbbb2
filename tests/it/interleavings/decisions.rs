//! What is read from where (18).

use common::job::JobState;
use serde_json::json;
use tests::{Receiver, Role, Stack};

/// Interleaving 18: a receiver reads the job while it is being told of its end.
#[tokio::test]
async fn a_receiver_never_reads_an_older_status_than_it_was_told() {
    let receiver = Receiver::start().await;
    receiver.holds();
    let stack = Stack::builder().with(Role::Gateway, 2).start().await;
    let job = json!({ "operation": "diagnostic.echo", "webhook": receiver.url() });
    let job = stack.client().submit_job(job).await.id;
    let told = receiver.wait_for(1).await[0].payload().data.job.unwrap();
    for gateway in stack.all(Role::Gateway) {
        let read = stack.client_at(gateway).job(job).await;
        assert_eq!((read.status, read.version), (JobState::Succeeded, told.version));
    }
    receiver.answers(200);
}

/// Interleaving 18: a replica may lag behind. What decides is read from the leader; only a status may come from
/// anywhere.
#[tokio::test]
async fn what_decides_is_read_from_the_leader() {
    const LEADER: &str = "$JS.API.STREAM.MSG.GET.JOB_EVENTS";
    const ANYWHERE: &str = "$JS.API.DIRECT.GET.JOB_EVENTS.>";
    let stack = Stack::builder().without(Role::Worker).start().await;
    let client = stack.client();
    let job = client.submit("diagnostic.echo", json!({})).await.id;
    let spy = stack.spy(&[LEADER, ANYWHERE]).await;
    client.cancel(job).await;
    let cancel = spy.wait_for("a read", |heard| !heard.is_empty()).await;
    assert!(cancel.iter().all(|one| one.subject == LEADER), "{cancel:?}");
    client.job(job).await;
    let is_direct = |one: &tests::Overheard| one.subject.starts_with("$JS.API.DIRECT.GET.");
    spy.wait_for("a read from anywhere", |heard| heard.iter().any(is_direct)).await;
}
