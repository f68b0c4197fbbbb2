//! The raw limit: what NATS gives to a client in Rust that does nothing else, on a server with the same settings.

mod publish;
mod pull;
mod request;

pub(crate) use self::publish::{publish, publish_steadily};
pub(crate) use self::pull::pull;
pub(crate) use self::request::request_reply;

/// The stream of these measurements.
const STREAM: &str = "RAW";
/// Size of a message.
pub(crate) const SIZE: usize = 1024;

/// Makes the stream anew: a file-backed work queue, like the queues of jobs.
async fn new_stream(context: &async_nats::jetstream::Context) -> anyhow::Result<()> {
    use async_nats::jetstream::stream::{Config, RetentionPolicy};
    remove(context).await;
    let config = Config {
        name: STREAM.to_owned(),
        subjects: vec!["raw.>".to_owned()],
        retention: RetentionPolicy::WorkQueue,
        ..Config::default()
    };
    context.create_stream(config).await?;
    Ok(())
}

/// Removes it with all its messages.
async fn remove(context: &async_nats::jetstream::Context) {
    // It may not be there.
    let _ = context.delete_stream(STREAM).await;
}
