//! Inputs by URL: fetched by the gateway, guarded.

use common::job::Lane;
use serde_json::{Value, json};
use tests::{Answer, Client, Hand, Receiver, Role, Stack};

fn job(url: &str) -> Value {
    json!({
        "operation": "image.convert", "input": { "format": "png" }, "files": { "source": { "url": url } },
    })
}

async fn submit(client: &Client, url: &str) -> Answer {
    client.post("/v1/jobs").json(&job(url)).send().await
}

#[tokio::test]
async fn an_input_is_fetched_into_the_object_store() {
    let source = Receiver::start().await;
    source.serves("image/png", "the picture");
    let stack = Stack::builder().without(Role::Worker).start().await;
    let client = stack.client();
    let accepted = submit(&client, &source.url()).await.job(202);
    let held = Hand::of(&stack.bus, "w", "ffmpeg", "ffmpeg").take(Lane::Normal).await;
    let file = &held.job.files[0];
    assert_eq!((file.name.as_str(), file.bytes), ("source", 11));
    assert_eq!(stack.objects.get(&file.key).await.unwrap(), "the picture");
    client.cancel(accepted.id).await;
    held.ack().await;
}

/// What an operator did not permit is not reached, by whichever name or detour.
#[tokio::test]
async fn a_private_target_is_never_fetched() {
    let (private, public) = (Receiver::start().await, Receiver::start().await);
    // One port of this machine plays the public world.
    let stack = Stack::builder()
        .without(Role::Worker)
        .set("egress.allow", "")
        .set("egress.allow_hosts", "public.localhost")
        .start()
        .await;
    let client = stack.client();
    public.redirects_to(&private.url());
    let port = private.url().rsplit(':').next().unwrap().to_owned();
    for url in [
        private.url(),
        format!("http://localhost:{port}"),
        format!("http://[::1]:{port}"),
        format!("http://[::ffff:127.0.0.1]:{port}"),
        format!("http://0x7f.1:{port}"),
        format!("http://2130706433:{port}"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "gopher://example.com/".to_owned(),
        "http://user:password@example.com/".to_owned(),
    ] {
        let refused = submit(&client, &url).await;
        assert_eq!(refused.error(422), "invalid_request", "{url}");
        assert!(refused.text().contains("files.source"), "{}", refused.text());
    }
    assert_eq!(private.received().len(), 0);
}

/// A redirect is judged like the URL itself.
#[tokio::test]
async fn a_redirect_to_a_private_target_is_not_followed() {
    let (private, public) = (Receiver::start().await, Receiver::start().await);
    // Only the one address is permitted; the redirect leads to another.
    let stack =
        Stack::builder().without(Role::Worker).set("egress.allow", "127.0.0.1/32").start().await;
    public.redirects_to(&private.url().replace("127.0.0.1", "127.0.0.2"));
    let refused = submit(&stack.client(), &public.url()).await;
    assert_eq!(refused.error(422), "invalid_request");
    assert_eq!((public.received().len(), private.received().len()), (1, 0));
}

#[tokio::test]
async fn an_input_over_the_limit_is_refused() {
    let source = Receiver::start().await;
    source.serves("image/png", vec![b'x'; 20_000]);
    let stack =
        Stack::builder().without(Role::Worker).set("gateway.file_limit", "10KB").start().await;
    let refused = submit(&stack.client(), &source.url()).await;
    assert_eq!(refused.error(413), "too_large");
    source.answers(404);
    let refused = submit(&stack.client(), &source.url()).await;
    assert_eq!(refused.error(422), "invalid_request");
    assert!(refused.text().contains("404"), "{}", refused.text());
}
