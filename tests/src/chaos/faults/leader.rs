//! Leaders give their places away.

use anyhow::Context as _;

use crate::chaos::world::World;

/// The leader of a stream, or of one of its consumers, steps down. Without a leader there is nobody to ask, which is
/// no fault of the harness.
pub(super) async fn step_down(
    world: &World,
    stream: &str,
    consumer: Option<&str>,
) -> anyhow::Result<()> {
    let subject = match consumer {
        None => format!("$JS.API.STREAM.LEADER.STEPDOWN.{stream}"),
        Some(consumer) => format!("$JS.API.CONSUMER.LEADER.STEPDOWN.{stream}.{consumer}"),
    };
    let client = world.cluster.connect().await.context("no server answers")?;
    client.request(subject, "".into()).await.context("no leader answers")?;
    Ok(())
}
