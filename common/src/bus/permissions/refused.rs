//! What the server refuses each role.

use super::{Arc, BTreeSet, Duration, Guarded, Mutex};

#[tokio::test]
async fn a_worker_can_not_submit_configure_or_change_the_topology() {
    let publish = [
        // Submit, deliver, count, cancel.
        "jobs.llm.m.normal.acme.1",
        "calls.llm.m.acme.1",
        "webhooks.acme.1",
        "deliveries.acme.1",
        "limits.acme.jobs.1",
        "control.1",
        "delays.due.jobs.1",
        "delays.due.webhooks.1",
        // Read or write configuration.
        "$KV.config.keys.1",
        "$JS.API.STREAM.MSG.GET.KV_config",
        "$JS.API.DIRECT.GET.KV_config.$KV.config.keys.1",
        "$JS.API.CONSUMER.CREATE.KV_config.x.$KV.config.>",
        "$JS.API.STREAM.SNAPSHOT.KV_config",
        "admin.endpoint.disable",
        // Change streams and consumers.
        "$JS.API.STREAM.CREATE.X",
        "$JS.API.STREAM.UPDATE.JOBS_llm",
        "$JS.API.STREAM.DELETE.JOBS_llm",
        "$JS.API.STREAM.PURGE.JOBS_llm",
        "$JS.API.STREAM.MSG.DELETE.JOB_EVENTS",
        "$JS.API.CONSUMER.CREATE.JOBS_llm.x.jobs.llm.>",
        "$JS.API.CONSUMER.CREATE.JOB_EVENTS",
        "$JS.API.CONSUMER.DURABLE.CREATE.JOBS_llm.x",
        "$JS.API.CONSUMER.DELETE.JOBS_llm.normal-m",
        "$JS.API.CONSUMER.PAUSE.JOBS_llm.normal-m",
        // Take what is others', or speak as they do.
        "$JS.API.CONSUMER.MSG.NEXT.WEBHOOKS.deliver",
        "$JS.API.CONSUMER.MSG.NEXT.JOB_EVENTS.record",
        "$JS.ACK.WEBHOOKS.deliver.1.1.1.1.1",
        "$JS.ACK._.account.WEBHOOKS.deliver.1.1.1.1.1.1",
        "feed.events.1",
        "bell.jobs.llm.m.normal.acme.1",
        "_INBOX_gateway.1",
    ];
    let subscribe = [
        ">",
        "jobs.>",
        "events.>",
        "feed.>",
        "reply.>",
        "$KV.>",
        "$JS.>",
        "webhooks.>",
        "deliveries.>",
        "_INBOX.>",
        "_INBOX_gateway.>",
        "_INBOX_dispatcher.>",
        "admin.>",
    ];
    check("worker", &publish, &subscribe).await;
}

#[tokio::test]
async fn a_gateway_can_not_pull_or_answer_as_a_worker() {
    let publish = [
        "$JS.API.CONSUMER.MSG.NEXT.JOBS_llm.normal-m",
        "$JS.API.CONSUMER.MSG.NEXT.WEBHOOKS.deliver",
        "$JS.ACK.JOBS_llm.normal-m.1.1.1.1.1",
        "$JS.API.STREAM.DELETE.JOBS_llm",
        "$JS.API.STREAM.UPDATE.JOBS_llm",
        "$JS.API.STREAM.PURGE.JOB_EVENTS",
        "$JS.API.STREAM.PURGE.JOBS_llm",
        "$JS.API.STREAM.PURGE.KV_config",
        "$JS.API.STREAM.MSG.DELETE.JOB_EVENTS",
        "$JS.API.STREAM.MSG.DELETE.KV_config",
        "$JS.API.STREAM.MSG.DELETE.WEBHOOKS",
        "$JS.API.CONSUMER.DELETE.JOB_EVENTS.record",
        "$KV.workers.w1",
        "dead.llm.1",
        "reply.g1.1",
        "feed.progress.1",
        "feed.events.1",
    ];
    check("gateway", &publish, &[">", "jobs.>", "_INBOX_worker.>", "$KV.>"]).await;
}

#[tokio::test]
async fn a_dispatcher_knows_nothing_of_jobs() {
    let publish = [
        "jobs.llm.m.normal.acme.1",
        "calls.llm.m.acme.1",
        "events.1",
        "webhooks.acme.1",
        "dead.llm.1",
        "$KV.config.endpoints.acme.1",
        "$KV.workers.w1",
        "$JS.API.STREAM.MSG.GET.JOB_EVENTS",
        "$JS.API.DIRECT.GET.JOB_EVENTS.events.1",
        "$JS.API.CONSUMER.MSG.NEXT.JOBS_llm.normal-m",
        "$JS.API.CONSUMER.CREATE.JOB_EVENTS.x",
        "$JS.API.STREAM.CREATE.X",
        "$JS.API.STREAM.DELETE.WEBHOOKS",
        "$JS.API.STREAM.PURGE.WEBHOOKS",
    ];
    check("dispatcher", &publish, &[">", "webhooks.>", "feed.>", "control.*", "_INBOX_gateway.>"])
        .await;
}

#[tokio::test]
async fn a_keeper_can_not_configure_or_run() {
    let publish = [
        "$KV.config.keys.1",
        "$KV.workers.w1",
        "calls.llm.m.acme.1",
        "reply.g1.1",
        "limits.acme.jobs.1",
        "$JS.API.CONSUMER.MSG.NEXT.JOBS_llm.normal-m",
        "$JS.API.CONSUMER.MSG.NEXT.WEBHOOKS.deliver",
        "$JS.ACK.JOBS_llm.normal-m.1.1.1.1.1",
        "$JS.API.STREAM.DELETE.JOBS_llm",
        "$JS.API.STREAM.UPDATE.JOBS_llm",
        "$JS.API.STREAM.PURGE.KV_config",
        "$JS.API.STREAM.PURGE.JOB_EVENTS",
        "$JS.API.STREAM.PURGE.DELAYS",
        "$JS.API.STREAM.MSG.DELETE.JOB_EVENTS",
        "$JS.API.STREAM.MSG.DELETE.KV_config",
        "$JS.API.STREAM.MSG.DELETE.DELIVERIES",
    ];
    check("keeper", &publish, &[">", "reply.>", "_INBOX_gateway.>", "control.*"]).await;
}

#[tokio::test]
async fn nobody_comes_in_without_a_user() {
    let guarded = Guarded::start().await;
    assert!(async_nats::connect(guarded.server.url()).await.is_err());
}

/// Publishes and subscribes as `role` to each subject and asserts that every one is refused.
async fn check(role: &str, publish: &[&'static str], subscribe: &[&'static str]) {
    let guarded = Guarded::start().await;
    let heard = Arc::new(Mutex::new(Vec::<String>::new()));
    let errors = Arc::clone(&heard);
    let client = async_nats::ConnectOptions::new()
        .user_and_password(role.to_owned(), role.to_owned())
        .event_callback(move |event| {
            let errors = Arc::clone(&errors);
            async move { errors.lock().unwrap().push(event.to_string().to_lowercase()) }
        })
        .connect(guarded.server.url())
        .await
        .unwrap();

    let mut open: BTreeSet<String> = BTreeSet::new();
    for &subject in publish {
        client.publish(subject, "".into()).await.unwrap();
        open.insert(format!("publish to \"{subject}\"").to_lowercase());
    }
    let mut subscribers = Vec::new();
    for &subject in subscribe {
        subscribers.push(client.subscribe(subject).await.unwrap());
        open.insert(format!("subscription to \"{subject}\"").to_lowercase());
    }
    // The server answers in order: what was not refused before the last of these is not refused at all.
    client.publish("nobody.may.say.this", "".into()).await.unwrap();
    client.flush().await.unwrap();
    for _ in 0..500 {
        if heard.lock().unwrap().iter().any(|said| said.contains("nobody.may.say.this")) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let heard = heard.lock().unwrap();
    open.retain(|refusal| !heard.iter().any(|said| said.contains(refusal)));
    assert!(open.is_empty(), "{role} may do this: {open:#?}\nthe server said: {heard:#?}");
}
