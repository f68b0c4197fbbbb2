//! The first message of a queue of jobs, which is none.

use async_nats::jetstream::stream::Stream;
use futures::TryStreamExt as _;

/// The subjects of what lies in a stream besides its sentinel, and how many messages each has.
pub(crate) async fn work_in(stream: &Stream) -> anyhow::Result<Vec<(String, usize)>> {
    let subjects: Vec<_> = stream.info_with_subjects(">").await?.try_collect().await?;
    Ok(subjects.into_iter().filter(|(subject, _)| !is_sentinel(subject)).collect())
}

/// Whether this is the subject of a sentinel.
fn is_sentinel(subject: &str) -> bool {
    subject.starts_with("jobs.")
        && subject.ends_with(".sentinel")
        && subject.split('.').count() == 3
}
