//! Media jobs through the whole system, with the real ffmpeg.

mod convert;
mod refused;
mod stopped;

use tests::Fleet;

async fn fleet() -> Fleet {
    Fleet::builder().set("worker.ffmpeg.enabled", "true").start().await
}
